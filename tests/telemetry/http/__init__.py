"""Tests of telemetry's HTTP."""
