"""Addresses of investigations."""

from django.urls import path

from watchbill.investigations import views

app_name = "investigations"
urlpatterns = [
    path("investigations/", views.investigations, name="investigations"),
    path("investigations/protocols/", views.protocols, name="protocols"),
    path("investigations/<int:number>/", views.investigation, name="investigation"),
]
