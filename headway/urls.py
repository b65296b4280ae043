"""Every address: the pages of `web`, and under /api/v1/ the operations of `api`."""

from django.urls import URLPattern, URLResolver, include, path

from headway.api.application import addresses
from headway.web import urls as web
from headway.web.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    *web.urlpatterns,
    path("api/v1/", include((addresses(), "api"))),
]
