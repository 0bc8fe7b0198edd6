"""Watchbill: one platform for incidents, monitoring and maintenance, on one ladder."""
