from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "headway.sync"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the inverses of its Changes)
        from .okrs import actions as okrs  # noqa: F401
