"""Addresses of the catalogue."""

from django.urls import path

from watchbill.catalog import views

app_name = "catalog"
urlpatterns = [
    path("maintenance/components/", views.components, name="components"),
    path("maintenance/components/file", views.bring, name="bring"),
    path("maintenance/components/<slug:slug>/", views.component, name="component"),
]
