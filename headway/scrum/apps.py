from django.apps import AppConfig


class ScrumConfig(AppConfig):
    name = "headway.scrum"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the way back of each Change)
