"""What metric families are: type, help, unit, as senders and targets said last."""

from collections.abc import Mapping
from dataclasses import dataclass

LIMIT = 50_000


@dataclass(frozen=True)
class Metadata:
    """What one metric family is; `type` is a Prometheus type name, `unknown` when unsaid."""

    type: str
    help: str
    unit: str


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
