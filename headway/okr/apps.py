from django.apps import AppConfig


class OkrConfig(AppConfig):
    name = "headway.okr"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the inverses of its Changes)
