"""Addresses of the first page."""

from django.urls import path

from watchbill.home import views

app_name = "home"
urlpatterns = [
    path("", views.now, name="now"),
    path("palette.json", views.palette, name="palette"),
]
