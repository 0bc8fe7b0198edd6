"""A log line on its way through a pipeline, and what a stage of one is."""

from typing import ClassVar, Protocol

from watchbill.telemetry.promql.storage import Labels

ERROR, ERROR_DETAILS = "__error__", "__error_details__"


class Entry:
    """One line with its labels: those of its stream, its structured metadata, those extracted.

    Stages change it in place. `t_ns` is in Unix nanoseconds.
    """

    __slots__ = ("given", "labels", "line", "t_ns")

    def __init__(self, t_ns: int, line: str, stream: Labels, metadata: Labels = ()) -> None:
        self.t_ns, self.line = t_ns, line
        self.labels = dict(stream)
        if metadata:
            self.labels.update((name, value) for name, value in metadata if name not in self.labels)
        self.given = frozenset(self.labels)

    def extract(self, name: str, value: str) -> None:
        """Set a label found in the line. Names that were there before are not overwritten."""
        self.labels[f"{name}_extracted" if name in self.given else name] = value

    def fail(self, kind: str, details: str) -> None:
        """Mark the line: a stage could not do its work."""
        self.labels[ERROR], self.labels[ERROR_DETAILS] = kind, details


class Stage(Protocol):
    """One step of a pipeline. `str` of it is the step as it is written in a query."""

    changes_line: ClassVar[bool]

    def apply(self, entry: Entry) -> bool:
        """Do the step; False drops the line."""
        ...
