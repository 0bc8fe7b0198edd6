"""A telemetry for the tick that judges: what each query reads, told by the test."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from watchbill.lib import clock
from watchbill.prometheus import QueryRefused, Series
from watchbill.tours import judge


def reads(values: Mapping[str, float | Sequence[float]], lines: int = 0) -> int:
    """Let the tick run: each query reads what `values` says; one that is not named is refused."""

    def query_range(query: str, start: datetime, end: datetime, step: float) -> list[Series]:
        if query not in values:
            raise QueryRefused("unknown function")
        said = values[query]
        row = said if isinstance(said, Sequence) else [said]
        return [Series({}, [(end.timestamp(), value) for value in row])] if row else []

    return judge.tick(clock.now(), query_range, lambda query, start, end: lines)
