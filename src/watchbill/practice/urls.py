"""Addresses of reviews and improvements."""

from django.urls import path

from watchbill.practice import views

app_name = "practice"
urlpatterns = [
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<int:number>/", views.review, name="review"),
    path("improvements/", views.improvements, name="improvements"),
    path("improvements/<int:number>/", views.improvement, name="improvement"),
]
