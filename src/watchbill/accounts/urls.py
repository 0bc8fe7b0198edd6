"""Addresses of the pages about people and of the settings."""

from django.urls import path

from watchbill.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-in/as/<slug:username>", views.sign_in_as, name="sign-in-as"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("first-run", views.first_visit, name="first-run"),
    path("people/", views.people, name="people"),
    path("people/<slug:username>", views.person, name="person"),
    path("teams/<slug:slug>", views.team, name="team"),
    path("settings/", views.settings_index, name="settings"),
    path("settings/authority", views.authority, name="authority"),
    path("settings/sources", views.sources, name="sources"),
]
