"""A pure PromQL engine: parse, evaluate over any `Storage`, print.

Knows nothing of HTTP, files or databases. Arrays come in by way of `storage.Storage` and go out
in `engine.Result`.
"""
