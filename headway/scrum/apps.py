from django.apps import AppConfig


class ScrumConfig(AppConfig):
    name = "headway.scrum"

    def ready(self) -> None:
        from . import actions, holdings  # noqa: F401  (register the way back of each Change, what people hold)
