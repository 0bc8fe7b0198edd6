"""Addresses of alerts: pages, the Alertmanager API, and what of Prometheus's API is of alerts."""

from django.urls import path

from watchbill.alerts import alertmanager, prometheus_api, views

app_name = "alerts"
_API = "alertmanager/api/v2"
urlpatterns = [
    path("monitoring/alerts/", views.alerts, name="alerts"),
    path("monitoring/alerts/<int:number>/", views.alert, name="alert"),
    path("monitoring/rules/", views.rules, name="rules"),
    path("monitoring/rules/<int:number>/", views.rule, name="rule"),
    path("monitoring/rules/versions/<int:number>/", views.rule_version, name="rule-version"),
    path("monitoring/silences/", views.silences, name="silences"),
    path("monitoring/silences/<int:number>/", views.silence, name="silence"),
    path(f"{_API}/alerts", alertmanager.alerts, name="am-alerts"),
    path(f"{_API}/alerts/groups", alertmanager.groups, name="am-groups"),
    path(f"{_API}/receivers", alertmanager.receivers, name="am-receivers"),
    path(f"{_API}/silences", alertmanager.silences, name="am-silences"),
    path(f"{_API}/silence/<uuid:name>", alertmanager.silence, name="am-silence"),
    path(f"{_API}/status", alertmanager.status, name="am-status"),
    path("telemetry/api/v1/rules", prometheus_api.rules, name="prometheus-rules"),
    path("telemetry/api/v1/alerts", prometheus_api.alerts, name="prometheus-alerts"),
]
