"""What is told when native histograms did not quite fit together."""

from watchbill.telemetry.promql.ast import Span
from watchbill.telemetry.promql.scope import Scope

from .arithmetic import Combined

_COLLISION = "conflicting counter resets during histogram"
_RECONCILED = "mismatched custom buckets were reconciled during"


def note_aggregation(scope: Scope, found: Combined, span: Span) -> None:
    """After a sum or an average of many."""
    if found.collision:
        scope.query.warn(f"{_COLLISION} aggregation", span)
    note_bounds(scope, found, "aggregation", span)


def note_operation(scope: Scope, found: Combined, operation: str, span: Span) -> None:
    """After an addition or subtraction of two."""
    if found.collision:
        scope.query.warn(f"{_COLLISION} {operation}", span)
    note_bounds(scope, found, operation, span)


def note_bounds(scope: Scope, found: Combined, operation: str, span: Span) -> None:
    """Custom bounds were given up."""
    if found.reconciled:
        scope.query.inform(f"{_RECONCILED} {operation}", span)


def warn_mixed_schemas(scope: Scope, metric: str, span: Span) -> None:
    """Exponential and custom buckets met in one series or group."""
    scope.query.warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for"
        f' metric name "{metric}"',
        span,
    )


def warn_mixed_samples(scope: Scope, metric: str, span: Span) -> None:
    """Numbers and histograms met in one range."""
    scope.query.warn(f'encountered a mix of histograms and floats for metric name "{metric}"', span)


def inform_ignored(scope: Scope, metric: str, span: Span) -> None:
    """Histograms were left out of a range that has numbers too."""
    scope.query.inform(
        "ignored histograms in a range containing both floats and histograms for metric name"
        f' "{metric}"',
        span,
    )
