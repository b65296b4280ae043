from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class SearchConfig(AppConfig):
    name = "headway.search"

    def ready(self) -> None:
        from . import index

        pre_migrate.connect(index.before_migrations, sender=self, dispatch_uid="search.before")
        post_migrate.connect(index.after_migrations, sender=self, dispatch_uid="search.after")
