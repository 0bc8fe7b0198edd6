"""Tests of telemetry.intake.otlp."""
