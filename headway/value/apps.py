from django.apps import AppConfig


class ValueConfig(AppConfig):
    name = "headway.value"

    def ready(self) -> None:
        from headway.schedule import jobs

        from . import actions, holdings  # noqa: F401  (register the inverses of its Changes, what people hold)
        from .tasks import forget_who_estimated, score_forecasts

        jobs.daily("value.forecasts", score_forecasts, hour=1)
        jobs.daily("value.estimates", forget_who_estimated, hour=4)
