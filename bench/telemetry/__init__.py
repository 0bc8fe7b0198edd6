"""Telemetry beside Prometheus and VictoriaMetrics: `python -m bench.telemetry --help`."""
