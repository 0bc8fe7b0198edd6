"""The sample store as far as it can be read without waiting for anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchbill.telemetry.promql.errors import EvalError
from watchbill.telemetry.promql.storage import Matcher, Selection
from watchbill.telemetry.store.samples import SampleStore


@dataclass(frozen=True)
class AtOnce:
    """Implements `promql.storage.Storage`."""

    store: SampleStore

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Selection:
        """See `promql.storage.Storage.select`. Raises `EvalError` where it would have to wait."""
        found = self.store.select_at_once(matchers, start_ms, end_ms)
        if found is None:
            raise EvalError("this cannot be read at once")
        return found
