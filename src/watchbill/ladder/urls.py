"""Addresses of the ladder."""

from django.urls import path

from watchbill.ladder import views

app_name = "ladder"
urlpatterns = [
    path("ladder/", views.ladder, name="ladder"),
    path("ladder/people/<slug:username>", views.ladder, name="person"),
    path("ladder/people/<slug:username>/sheet", views.sheet_page, name="sheet"),
    path("ladder/people/<slug:username>/sheet.md", views.sheet_document, name="sheet-md"),
    path("ladder/team", views.team_page, name="team"),
    path("ladder/on/<str:ref>", views.thing, name="thing"),
    path("ladder/duties", views.duties, name="duties"),
    path("ladder/duties/<str:key>", views.duty, name="duty"),
    path("ladder/drafts/", views.drafts, name="drafts"),
    path("ladder/drafts/<int:number>", views.draft, name="draft"),
]
