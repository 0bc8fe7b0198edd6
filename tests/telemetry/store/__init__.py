"""Tests of telemetry.store."""
