"""Tests of the telemetry process."""
