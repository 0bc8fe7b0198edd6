"""The telemetry engine: metrics and logs in, PromQL and LogQL out; stands alone."""
