"""Addresses of monitoring, and telemetry's read-only API for browsers."""

from django.urls import path

from watchbill.monitoring import proxy, views

app_name = "monitoring"
urlpatterns = [
    path("monitoring/", views.overview, name="overview"),
    path("monitoring/explore/", views.explore, name="explore"),
    path("monitoring/report", views.report_range, name="report-range"),
    path("monitoring/reports/", views.reports, name="reports"),
    path("monitoring/reports/<int:number>/", views.report, name="report"),
    path("monitoring/sources/", views.sources, name="sources"),
    path("monitoring/hosts/", views.hosts, name="hosts"),
    path("monitoring/components/<slug:slug>/", views.component, name="component"),
    path("telemetry/api/v1/<path:path>", proxy.telemetry, name="telemetry"),
]
