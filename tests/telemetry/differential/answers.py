"""Asking a server of the Prometheus API, and whether two answers are the same."""

import math
from dataclasses import dataclass, field

import httpx

from watchbill.telemetry.promql.storage import Labels, labels_of

TOLERANCE = 1e-9
Points = dict[tuple[Labels, int], float]


@dataclass(frozen=True)
class Question:
    """A query at one time, or at steps when `step_ms` is not 0."""

    text: str
    start_ms: int
    end_ms: int
    step_ms: int

    def __str__(self) -> str:
        when = f"at {self.start_ms}"
        if self.step_ms:
            when = f"from {self.start_ms} to {self.end_ms} step {self.step_ms}"
        return f"{self.text}  [{when}]"


@dataclass(frozen=True)
class Answer:
    """The kind of a result and its points; for an error its kind, and the message beside it."""

    kind: str
    points: Points = field(default_factory=dict)
    order: tuple[Labels, ...] = ()
    text: str = ""

    @property
    def failed(self) -> bool:
        return self.kind.startswith("error")


def ask(client: httpx.Client, question: Question) -> Answer:
    """What a server says."""
    if question.step_ms:
        path = "/api/v1/query_range"
        given = {
            "query": question.text,
            "start": _seconds(question.start_ms),
            "end": _seconds(question.end_ms),
            "step": _seconds(question.step_ms),
        }
    else:
        path = "/api/v1/query"
        given = {"query": question.text, "time": _seconds(question.start_ms)}
    return read(client.post(path, data=given, timeout=60).json())


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"


def read(answer: dict) -> Answer:
    """An answer out of its JSON."""
    if answer["status"] != "success":
        return Answer(f"error {answer['errorType']}", text=answer["error"])
    kind, result = answer["data"]["resultType"], answer["data"]["result"]
    if kind == "string":
        return Answer(kind, text=result[1])
    if kind == "scalar":
        result = [{"metric": {}, "value": result}]
    series = [(labels_of(row["metric"]), row) for row in result]
    points = {
        (labels, round(float(t) * 1000)): float(value)
        for labels, row in series
        for t, value in row.get("values") or [row["value"]]
    }
    return Answer(kind, points, tuple(labels for labels, _ in series))


def difference(ours: Answer, theirs: Answer, *, ordered: bool = False) -> str:
    """The first thing that differs, in words; empty when nothing does."""
    if ours.kind != theirs.kind:
        return f"{ours.kind} {ours.text}, not {theirs.kind} {theirs.text}".strip()
    if ours.failed:
        return ""
    if ours.text != theirs.text:
        return f"{ours.text!r}, not {theirs.text!r}"
    if ours.points.keys() != theirs.points.keys():
        return f"{_only('ours', ours, theirs)}; {_only('theirs', theirs, ours)}"
    wrong = [key for key, value in ours.points.items() if not equal(value, theirs.points[key])]
    if wrong:
        key = wrong[0]
        return (
            f"{len(wrong)} of {len(theirs.points)} values: {ours.points[key]!r}, not"
            f" {theirs.points[key]!r} for {key}"
        )
    if ordered and not _same_order(ours, theirs):
        return "another order"
    return ""


def _only(whose: str, one: Answer, other: Answer) -> str:
    """How many points only one of them has, and the first of these."""
    more = sorted(one.points.keys() - other.points.keys())
    first = f", as {one.points[more[0]]!r} for {more[0]}" if more else ""
    return f"{len(more)} of {len(one.points)} points only {whose}{first}"


def equal(a: float, b: float) -> bool:
    """Within the tolerance, relative; NaN equals NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=TOLERANCE)


def _same_order(ours: Answer, theirs: Answer) -> bool:
    """By value: equal values may come in any order."""

    def values(answer: Answer) -> list[float]:
        by_labels = {labels: value for (labels, _), value in answer.points.items()}
        return [by_labels[labels] for labels in answer.order]

    return all(map(equal, values(ours), values(theirs)))
