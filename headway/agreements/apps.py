from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "headway.agreements"

    def ready(self) -> None:
        from . import actions, holdings  # noqa: F401  (register the inverses of its Changes, what people hold)
