"""Addresses of standing seats and of the watch."""

from django.urls import path

from watchbill.seats import views

app_name = "seats"
urlpatterns = [
    path("monitoring/watch/", views.watch, name="watch"),
    path("seats/", views.seats, name="seats"),
    path("seats/<int:number>/", views.seat, name="seat"),
]
