from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "headway.operations"

    def ready(self) -> None:
        from . import tasks

        tasks.watch()
