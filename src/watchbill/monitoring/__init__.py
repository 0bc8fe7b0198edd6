"""What is measured: the seam to telemetry, exploring it, and reports of what looks wrong."""
