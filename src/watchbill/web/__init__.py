"""The shell every page is built with: frame, parts, words, live updates."""
