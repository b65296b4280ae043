from django.apps import AppConfig


class ScrumConfig(AppConfig):
    name = "headway.scrum"
