"""Addresses of reviews, improvements, designs and pairings."""

from django.urls import path

from watchbill.practice import views

app_name = "practice"
urlpatterns = [
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<int:number>/", views.review, name="review"),
    path("improvements/", views.improvements, name="improvements"),
    path("improvements/<int:number>/", views.improvement, name="improvement"),
    path("designs/", views.designs, name="designs"),
    path("designs/<int:number>/", views.design, name="design"),
    path("pairings/", views.pairings, name="pairings"),
    path("pairings/<int:number>/", views.pairing, name="pairing"),
]
