"""What is measured: exploring it, and reports of what looks wrong."""
