"""Addresses of tours."""

from django.urls import path

from watchbill.tours import views

app_name = "tours"
urlpatterns = [
    path("tours/", views.tours, name="tours"),
    path("tours/write/", views.write, name="write"),
    path("tours/<int:number>/", views.tour, name="tour"),
    path("tours/<int:number>/write/", views.write, name="rewrite"),
    path("tours/components/<slug:slug>/", views.of_component, name="of-component"),
    path("tours/walks/<int:number>/", views.walk, name="walk"),
]
