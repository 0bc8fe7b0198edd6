"""What metric families are: type, help, unit, as senders and targets said last."""

from collections.abc import Mapping
from dataclasses import dataclass

LIMIT = 50_000
TYPES = (
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset",
)  # fmt: skip
"""In the order in which remote write numbers them."""

_SUFFIXES = {
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum"),
}


@dataclass(frozen=True)
class Metadata:
    """What one metric family is; `type` is a Prometheus type name, `unknown` when unsaid."""

    type: str
    help: str
    unit: str


def family_of(metric: str, kind: str) -> str:
    """The family that a series' metric name belongs to."""
    for suffix in _SUFFIXES.get(kind, ()):
        if metric.endswith(suffix):
            return metric.removesuffix(suffix)
    return metric


class MetadataBook:
    """The latest metadata per family. Kept in memory: senders repeat it every minute."""

    def __init__(self) -> None:
        self._families: dict[str, Metadata] = {}

    def update(self, families: Mapping[str, Metadata]) -> None:
        """Learn; beyond `LIMIT` families new ones are not kept."""
        for name, family in families.items():
            if name in self._families or len(self._families) < LIMIT:
                self._families[name] = family

    def families(self) -> dict[str, Metadata]:
        """All that is known."""
        return dict(self._families)
