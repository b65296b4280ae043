"""The addresses under /api/v1/. To load this is to load every operation: headway.urls does it for the first asked."""

from .application import addresses

urlpatterns = addresses()
