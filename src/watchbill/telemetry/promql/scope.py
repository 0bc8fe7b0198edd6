"""Where an expression is evaluated: the query it belongs to and the steps it is wanted for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from .ast import Expr, Span
from .durations import QueryTimes
from .errors import QueryCanceledError, QueryTimeoutError, TooManySamplesError
from .storage import Storage, Times, Values
from .symbols import Symbols
from .vectors import Vector

Scalar = Values
Value = Vector | Scalar | str


@dataclass(frozen=True)
class Limits:
    """What a query may cost.

    `max_samples` bounds the samples read and the size of every intermediate vector; `deadline` is
    a reading of `time.monotonic()`; `canceled` is asked now and then.
    """

    max_samples: int = 50_000_000
    deadline: float | None = None
    canceled: Callable[[], bool] | None = None


@dataclass
class Query:
    """What is the same for all parts of a query while it runs."""

    storage: Storage
    times: QueryTimes
    is_range: bool
    lookback_ms: int
    limits: Limits
    symbols: Symbols = field(default_factory=lambda: Symbols(own=True))
    samples_read: int = 0
    warnings: dict[str, None] = field(default_factory=dict)
    infos: dict[str, None] = field(default_factory=dict)

    def check(self) -> None:
        """Raise when the query has to end."""
        limits = self.limits
        if limits.canceled is not None and limits.canceled():
            raise QueryCanceledError
        if limits.deadline is not None and time.monotonic() > limits.deadline:
            raise QueryTimeoutError

    def read(self, samples: int) -> None:
        """Account for samples taken from the store."""
        self.samples_read += samples
        self.hold(self.samples_read)

    def hold(self, samples: int) -> None:
        """Refuse an array of this many samples when that is too many."""
        if samples > self.limits.max_samples:
            raise TooManySamplesError
        self.check()

    def warn(self, message: str, span: Span) -> None:
        """Tell that the result is doubtful."""
        self.warnings[f"PromQL warning: {message} ({span})"] = None

    def inform(self, message: str, span: Span) -> None:
        """Tell something worth knowing."""
        self.infos[f"PromQL info: {message} ({span})"] = None


@dataclass(frozen=True)
class Scope:
    """The steps of one (sub)query: ascending Unix ms, `step_ms` apart.

    `tells_resets`: selectors say of each native histogram whether a counter was reset before it.
    """

    query: Query
    times: Times
    step_ms: int
    evaluate: Callable[["Scope", Expr], Value]
    tells_resets: bool = False

    def at(self, times: Times, step_ms: int) -> "Scope":
        """The same query at the steps of a subquery."""
        return replace(self, times=times, step_ms=step_ms, tells_resets=False)

    def vector(self, expr: Expr) -> Vector:
        """An instant vector's value."""
        value = self.evaluate(self, expr)
        assert isinstance(value, Vector)
        return value

    def scalar(self, expr: Expr) -> Scalar:
        """A scalar's value at every step."""
        value = self.evaluate(self, expr)
        assert isinstance(value, np.ndarray)
        return value

    def text(self, expr: Expr) -> str:
        """A string's value."""
        value = self.evaluate(self, expr)
        assert isinstance(value, str)
        return value

    def empty(self) -> Vector:
        """No series at these steps."""
        return Vector.empty(self.query.symbols, len(self.times))
