"""Faults that harm users, worked on together: seats, timeline, updates, and the way to a review."""
