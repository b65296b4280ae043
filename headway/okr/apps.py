from django.apps import AppConfig


class OkrConfig(AppConfig):
    name = "headway.okr"
