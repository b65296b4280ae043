from django.apps import AppConfig


class ValueConfig(AppConfig):
    name = "headway.value"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the inverses of its Changes)
