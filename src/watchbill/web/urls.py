"""Pages of the shell itself."""

from django.urls import path

from watchbill.web import views

app_name = "web"
urlpatterns = [
    path("glossary", views.glossary, name="glossary"),
    path("settings/styleguide", views.styleguide, name="styleguide"),
]
