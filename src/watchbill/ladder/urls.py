"""Addresses of the ladder."""

from django.urls import path

from watchbill.ladder import views

app_name = "ladder"
urlpatterns = [
    path("ladder/", views.ladder, name="ladder"),
    path("ladder/people/<slug:username>", views.ladder, name="person"),
    path("ladder/duties", views.duties, name="duties"),
    path("ladder/duties/<str:key>", views.duty, name="duty"),
    path("ladder/drafts/<int:number>", views.draft, name="draft"),
]
