"""Runs Prometheus's own test scripts (promqltest files) against our engine."""
