"""Accounts: signing in, teams, placement, contact methods, tokens, the dial.

The models are in `people`, below the mechanism; the acts on them are here, above it.
"""
