"""Addresses of proposals."""

from django.urls import path

from watchbill.proposals import views

app_name = "proposals"
urlpatterns = [
    path("proposals/", views.proposals, name="proposals"),
    path("proposals/<int:number>/", views.proposal, name="proposal"),
]
