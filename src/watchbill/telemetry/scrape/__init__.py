"""Metrics fetched by ourselves: configuration, discovery, relabelling, the loop, own host."""
