"""Procedures that walks work by, and a telemetry that answers one number."""

from datetime import datetime

from watchbill.prometheus import QueryFunc, Sample

SEE_AND_CHECK = """---
slug: see-and-check
title: See and check
component: shop
---

## Look at the queue
```confirm
The queue is short.
```

## Check the errors
```promql
sum(errors) < 1
```
"""


def of_maintenance(text: str = SEE_AND_CHECK) -> str:
    """The same, for changes."""
    return text.replace("component: shop\n", "component: shop\narea: maintenance\n")


def answering(value: float) -> QueryFunc:
    """Every query has this one value, whenever it is asked for."""

    def query(query: str, at: datetime | None = None) -> list[Sample]:
        return [Sample({}, 0, value)]

    return query
