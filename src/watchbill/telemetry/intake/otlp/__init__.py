"""The OpenTelemetry protocol in: requests, names, and metrics as Prometheus has them."""
