"""Addresses of monitoring, and telemetry's read-only API for browsers."""

from django.urls import path, register_converter

from watchbill.monitoring import proxy, views

register_converter(proxy.PassedOn, "passed_on")

app_name = "monitoring"
urlpatterns = [
    path("monitoring/", views.overview, name="overview"),
    path("monitoring/explore/", views.explore, name="explore"),
    path("monitoring/report", views.report_range, name="report-range"),
    path("monitoring/reports/", views.reports, name="reports"),
    path("monitoring/reports/<int:number>/", views.report, name="report"),
    path("monitoring/sources/", views.sources, name="sources"),
    path("monitoring/engine/", views.engine_page, name="engine"),
    path("monitoring/hosts/", views.hosts, name="hosts"),
    path("monitoring/components/<slug:slug>/", views.component, name="component"),
    path("telemetry/api/v1/<passed_on:path>", proxy.telemetry, name="telemetry"),
]
