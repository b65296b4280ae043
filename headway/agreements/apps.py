from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "headway.agreements"

    def ready(self) -> None:
        from . import actions  # noqa: F401  (registers the inverses of its Changes)
