from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "headway.people"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the inverses of its Changes)
