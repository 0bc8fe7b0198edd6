"""Addresses of paging."""

from django.urls import path

from watchbill.paging import views

app_name = "paging"
urlpatterns = [
    path("page/", views.pages, name="pages"),
    path("page/<int:number>/", views.page, name="page"),
    path("monitoring/alerts/<int:number>/calls/", views.of_alert, name="of-alert"),
    path("settings/escalation/", views.policies, name="policies"),
    path("settings/escalation/<slug:slug>/", views.policy, name="policy"),
]
