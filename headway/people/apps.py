from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "headway.people"

    def ready(self) -> None:
        from headway.schedule import jobs

        from . import actions, retention_rules  # noqa: F401  (register the inverses of Changes, what is kept how long)
        from .tasks import keep_to_the_rules

        jobs.daily("people.retention", keep_to_the_rules, hour=3)
