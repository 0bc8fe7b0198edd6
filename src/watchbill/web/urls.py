"""Pages of the shell itself."""

from django.urls import path

from watchbill.web import views

app_name = "web"
urlpatterns = [
    path("favicon.ico", views.favicon, name="favicon"),
    path("live/poll", views.live_poll, name="live-poll"),
    path("glossary", views.glossary, name="glossary"),
    path("settings/styleguide", views.styleguide, name="styleguide"),
]
