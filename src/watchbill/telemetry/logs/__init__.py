"""Logs: Loki's push in, a table in chDB, stream selectors with line filters out."""
