from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "headway.sync"

    def ready(self) -> None:
        from . import actions, retention  # noqa: F401  (register the inverses of its Changes, what is kept how long)
        from .okrs import actions as okrs  # noqa: F401
