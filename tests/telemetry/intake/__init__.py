"""Tests of telemetry.intake."""
