"""The app of standards."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class StandardsConfig(AppConfig):
    """Finds the checks that other apps offer: their `conformance` modules."""

    name = "watchbill.standards"

    def ready(self) -> None:
        """Import each app's `conformance`, which registers its checks."""
        autodiscover_modules("conformance")
