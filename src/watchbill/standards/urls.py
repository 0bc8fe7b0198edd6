"""Addresses of standards."""

from django.urls import path

from watchbill.standards import views

app_name = "standards"
urlpatterns = [
    path("standards/", views.standards, name="standards"),
    path("standards/<int:number>/", views.standard, name="standard"),
    path("standards/<int:number>/versions/<int:edition>/", views.version, name="version"),
]
