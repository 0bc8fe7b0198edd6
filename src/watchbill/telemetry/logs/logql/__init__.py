"""LogQL: the text of a query to a tree, and what its stages do to a line. No I/O.

Source: https://grafana.com/docs/loki/latest/query/
"""
