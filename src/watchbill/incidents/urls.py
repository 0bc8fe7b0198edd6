"""Addresses of incidents."""

from django.urls import path

from watchbill.incidents import views

app_name = "incidents"
urlpatterns = [
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/declare", views.declare, name="declare"),
    path("incidents/<int:number>/", views.room, name="room"),
    path("incidents/<int:number>/record/", views.record, name="record"),
]
