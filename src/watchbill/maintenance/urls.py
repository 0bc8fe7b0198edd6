"""Addresses of maintenance."""

from django.urls import path

from watchbill.maintenance import views

app_name = "maintenance"
urlpatterns = [
    path("maintenance/", views.overview, name="overview"),
    path("maintenance/changes/past/", views.past, name="past"),
    path("maintenance/changes/<int:number>/", views.change, name="change"),
]
