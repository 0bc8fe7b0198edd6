"""Suggestions for how things are done, argued with positions, decided with a reason."""
