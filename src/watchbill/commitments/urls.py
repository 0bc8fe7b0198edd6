"""Addresses of commitments."""

from django.urls import path

from watchbill.commitments import views

app_name = "commitments"
urlpatterns = [
    path("commitments/", views.commitments, name="commitments"),
    path("commitments/<int:number>/", views.commitment, name="commitment"),
]
