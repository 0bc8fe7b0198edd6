"""Tests of telemetry.logs."""
