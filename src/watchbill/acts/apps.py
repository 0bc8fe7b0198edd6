"""Fills the registry when Django starts: every app's `acts` is imported, a module or a package."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig
from django.conf import settings


class ActsConfig(AppConfig):
    """The mechanism's app."""

    name = "watchbill.acts"

    def ready(self) -> None:
        """Import each app's acts, in the order of the layers."""
        for app in settings.INSTALLED_APPS:
            if app.startswith("watchbill.") and find_spec(f"{app}.acts"):
                import_module(f"{app}.acts")
