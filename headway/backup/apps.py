from django.apps import AppConfig


class BackupConfig(AppConfig):
    name = "headway.backup"

    def ready(self) -> None:
        from headway.schedule import jobs

        from . import actions  # noqa: F401  (registers the inverse of a Change)
        from .tasks import daily_backup, forget_old_exports

        jobs.daily("backup.daily", daily_backup, hour=2)
        jobs.every("backup.forget_exports", forget_old_exports, minutes=60)
