"""Procedures in steps, written in Markdown, and their runs: asked for, guided, really done."""
