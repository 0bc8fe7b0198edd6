"""The app that holds the frame of every page."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """`watchbill.web`."""

    name = "watchbill.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
