"""Every page and address: each app keeps its own `urls.py`, found here by name."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("watchbill.web.health")),
    *(
        path("", include(f"{app}.urls"))
        for app in settings.INSTALLED_APPS
        if app.startswith("watchbill.") and find_spec(f"{app}.urls")
    ),
]

handler500 = "watchbill.web.health.server_error"
