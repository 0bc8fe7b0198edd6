"""Generated queries asked of Watchbill and of Debian's Prometheus over the same samples.

Both hold what Prometheus really scraped: itself, the node exporter and Watchbill. `grammar` makes
queries from a seed, `answers` asks and compares, `explain` tells known changes of definition from
errors, `live` and `recording` bring the samples.
"""
