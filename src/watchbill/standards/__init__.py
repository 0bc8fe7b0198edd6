"""Versioned standards and processes, checked for each component, with a report."""
