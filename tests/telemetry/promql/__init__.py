"""Tests of the PromQL engine."""
