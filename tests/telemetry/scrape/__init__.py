"""Tests of telemetry.scrape."""
