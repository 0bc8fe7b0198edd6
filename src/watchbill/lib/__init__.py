"""Pure helpers: no Django, no input or output of their own beyond the clock."""
