"""Standing responsibilities with a term and a deputy: watch, caretaker, accountable."""
