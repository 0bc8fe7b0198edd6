"""From a decoded body to the stores: samples, then exemplars and metadata; counted."""

from dataclasses import dataclass, field

from watchbill.telemetry.exemplars import Exemplars
from watchbill.telemetry.intake.batch import Batch
from watchbill.telemetry.intake.metadata import MetadataBook
from watchbill.telemetry.own import OwnMetrics
from watchbill.telemetry.store.samples import SampleStore


@dataclass
class Written:
    """What is stored of a body, and what was refused of it, in words."""

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0
    refused: int = 0
    problems: list[str] = field(default_factory=list)


class Sink:
    """Takes batches, from any thread."""

    def __init__(
        self, store: SampleStore, exemplars: Exemplars, metadata: MetadataBook, own: OwnMetrics
    ) -> None:
        self._store, self._exemplars = store, exemplars
        self._metadata, self._own = metadata, own

    def take(self, batch: Batch, source: str, *, backfill: bool = False) -> Written:
        """Store a batch; on return the log holds what is counted as written.

        Raises `LogFullError` and `OverloadError`; the sender then sends all of it again, which is
        harmless. An exemplar that is not taken is no problem of the body.
        """
        written = Written()
        verdicts = []
        if len(batch.samples):
            verdicts.append(self._store.append(batch.samples, backfill=backfill))
            written.samples = verdicts[-1].taken
        if len(batch.histograms):
            verdicts.append(self._store.append(batch.histograms, backfill=backfill))
            written.histograms = verdicts[-1].taken
        labels = self._store.index.labels
        for slot, exemplar in batch.exemplars:
            written.exemplars += self._exemplars.add(labels[slot], exemplar)
        self._metadata.update(batch.metadata)
        for verdict in verdicts:
            self._own.count_samples(source, verdict.taken, verdict.refused)
            written.refused += sum(verdict.refused.values())
            written.problems += [str(verdict)] if verdict.refused else []
        if batch.refused:
            self._own.count_samples(source, 0, batch.refused.counts)
            written.refused += batch.refused.counts.total()
            written.problems.append(str(batch.refused))
        return written
