"""Telemetry over HTTP: the Prometheus API, intake, status; bearer tokens on everything."""
