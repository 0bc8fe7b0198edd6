"""Tests of telemetry.logs.logql."""
