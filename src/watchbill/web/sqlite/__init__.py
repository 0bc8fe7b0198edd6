"""A database backend of Django: see `base.py`, where Django looks for it."""
