"""Puts the shipped ladder into force on a fresh database."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class LadderConfig(AppConfig):
    """The ladder's app."""

    name = "watchbill.ladder"

    def ready(self) -> None:
        """Listen for the end of migrations."""
        post_migrate.connect(_ship, sender=self)


def _ship(**_: Any) -> None:
    from watchbill.ladder import adopt

    adopt.ship_default()
