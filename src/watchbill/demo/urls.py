"""Address of the example system's page."""

from django.urls import path

from watchbill.demo import views

app_name = "demo"
urlpatterns = [path("settings/example", views.example, name="example")]
