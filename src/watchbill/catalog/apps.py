"""The app of the catalogue."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CatalogConfig(AppConfig):
    """Finds what other apps show on a component's page: their `panels` modules."""

    name = "watchbill.catalog"

    def ready(self) -> None:
        """Import each app's `panels`, which register themselves."""
        autodiscover_modules("panels")
