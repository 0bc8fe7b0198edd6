"""The tree of a query: lines to pick, or numbers to make of them.

A metric query is a tree of PromQL (`promql.ast`), which has the same operators and aggregations;
where PromQL has a selector of samples, a `VectorSelector` names one of its `ranges`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile, takewhile

from watchbill.telemetry.logs.logql.entry import ERROR, ERROR_DETAILS, Entry, Stage
from watchbill.telemetry.logs.logql.line_filter import LineFilter
from watchbill.telemetry.logs.logql.rewrite import Drop
from watchbill.telemetry.promql.ast import Expr
from watchbill.telemetry.promql.numbers import quote
from watchbill.telemetry.promql.storage import Matcher

RANGE_LABEL = "__range__"
"""The label of a `VectorSelector` whose value is an index into `MetricQuery.ranges`."""


@dataclass(frozen=True)
class LogQuery:
    """Which streams, and what happens to their lines."""

    matchers: Sequence[Matcher]
    stages: tuple[Stage, ...] = ()

    @cached_property
    def filters(self) -> tuple[LineFilter, ...]:
        """The line filters that see the line as it came: a store can ask them of itself."""
        unchanged = takewhile(lambda stage: not stage.changes_line, self.stages)
        return tuple(stage for stage in unchanged if isinstance(stage, LineFilter))

    @cached_property
    def rest(self) -> tuple[Stage, ...]:
        """The stages that are left once `filters` are done."""
        done = set(map(id, self.filters))
        left = (stage for stage in self.stages if id(stage) not in done)
        return tuple(dropwhile(_drops_errors, left))  # where nothing can have failed yet

    def __str__(self) -> str:
        matchers = ", ".join(f"{one.name}{one.op}{quote(one.value)}" for one in self.matchers)
        return " ".join([f"{{{matchers}}}", *map(str, self.stages)])


def _drops_errors(stage: Stage) -> bool:
    return isinstance(stage, Drop) and {ERROR, ERROR_DETAILS}.issuperset(stage.picked)


def run(stages: Sequence[Stage], entry: Entry) -> bool:
    """Send a line through stages; False when one dropped it."""
    return all(stage.apply(entry) for stage in stages)


@dataclass(frozen=True)
class Unwrap:
    """`| unwrap label`: the sample is the label's value, as a number, duration or size."""

    label: str
    conversion: str | None
    after: tuple[Stage, ...]

    def __str__(self) -> str:
        name = f"{self.conversion}({self.label})" if self.conversion else self.label
        return " ".join([f"| unwrap {name}", *map(str, self.after)])


@dataclass(frozen=True)
class Grouping:
    """`by (labels)` or `without (labels)`."""

    labels: tuple[str, ...]
    without: bool

    def __str__(self) -> str:
        return f"{'without' if self.without else 'by'} ({', '.join(self.labels)})"


@dataclass(frozen=True)
class RangeAggregation:
    """`op({…} | … [range] offset …)`; `parameter` is a quantile. Times in ns.

    `kept` are the labels that the `sum` around it needs; None when all are needed.
    """

    op: str
    query: LogQuery
    range_ns: int
    written_range: str
    offset_ns: int = 0
    unwrap: Unwrap | None = None
    parameter: float | None = None
    grouping: Grouping | None = None
    kept: tuple[str, ...] | None = None

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"{self.parameter:g}, "
        unwrap = f" {self.unwrap}" if self.unwrap else ""
        offset = f" offset {self.offset_ns / 1e9:g}s" if self.offset_ns else ""
        grouping = f" {self.grouping}" if self.grouping else ""
        return f"{self.op}({parameter}{self.query}{unwrap}[{self.written_range}]{offset}){grouping}"


@dataclass(frozen=True)
class MetricQuery:
    """Numbers over time, made of lines."""

    expr: Expr
    ranges: tuple[RangeAggregation, ...]
