"""Every address: the pages of `web`, and under /api/v1/ the operations of `api`."""

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

from headway.web import urls as web
from headway.web.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class LoadedLate(URLResolver):
    """Addresses in a namespace whose module is loaded when one of them is first asked for, or named.

    The API takes a second and 30 MB to load, which a start, a worker and an installation without programs do not need.
    """

    def _populate(self) -> None:
        """Gather no names with those of the pages: a name in a namespace is looked up in the module itself."""


urlpatterns: list[URLPattern | URLResolver] = [
    *web.urlpatterns,
    LoadedLate(RoutePattern("api/v1/"), "headway.api.urls", app_name="api", namespace="api"),
]
