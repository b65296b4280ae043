from django.apps import AppConfig


class OkrConfig(AppConfig):
    name = "headway.okr"

    def ready(self) -> None:
        from . import actions, holdings  # noqa: F401  (register the inverses of its Changes, what people hold)
