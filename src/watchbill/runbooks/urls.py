"""Addresses of runbooks and their runs."""

from django.urls import path

from watchbill.runbooks import views

app_name = "runbooks"
urlpatterns = [
    path("runbooks/", views.runbooks, name="runbooks"),
    path("runbooks/write", views.write, name="write"),
    path("runbooks/<slug:slug>/", views.runbook, name="runbook"),
    path("runbooks/<slug:slug>/write", views.write, name="rewrite"),
    path("runs/<int:number>/", views.run, name="run"),
]
