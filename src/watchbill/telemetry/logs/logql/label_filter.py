"""Label filters: `| status >= 500`, `| took > 1.5s and size < 2MB`, `| addr = ip("10.0.0.0/8")`."""

import ipaddress
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from watchbill.telemetry.logs.logql.entry import ERROR, Entry
from watchbill.telemetry.logs.logql.units import parse_duration, parse_size
from watchbill.telemetry.promql.numbers import quote
from watchbill.telemetry.promql.storage import Matcher

Unit = Literal["number", "duration", "bytes"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "=": operator.eq, "!=": operator.ne,
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
_READ: dict[Unit, Callable[[str], float]] = {
    "number": float, "duration": parse_duration, "bytes": parse_size,
}  # fmt: skip


@dataclass(frozen=True)
class TextIs:
    """`name="value"` and the other three matchers; a label that is missing counts as empty."""

    matcher: Matcher

    def keeps(self, entry: Entry) -> bool:
        """Whether the line stays."""
        return self.matcher.matches(entry.labels.get(self.matcher.name, ""))

    def __str__(self) -> str:
        return f"{self.matcher.name}{self.matcher.op}{quote(self.matcher.value)}"


@dataclass(frozen=True)
class Compares:
    """`name > 5`, `name > 5s`, `name > 5KB`: a line without the label is dropped, one whose label
    is no such quantity stays with `__error__="LabelFilterErr"`."""

    name: str
    op: str
    value: float
    unit: Unit
    written: str = field(compare=False)

    def keeps(self, entry: Entry) -> bool:
        """Whether the line stays."""
        if ERROR in entry.labels:
            return True
        text = entry.labels.get(self.name)
        if text is None:
            return False
        try:
            number = _READ[self.unit](text)
        except ValueError as error:
            entry.fail("LabelFilterErr", str(error))
            return True
        return COMPARISONS[self.op](number, self.value)

    def __str__(self) -> str:
        return f"{self.name}{self.op}{self.written}"


@dataclass(frozen=True)
class InNetwork:
    """`name=ip("10.0.0.0/8")`: an address, a network, or a range `10.0.0.1-10.0.0.9`.

    Raises `ValueError`. A label that is no address is not in it.
    """

    name: str
    op: Literal["=", "!="]
    given: str
    _first: Address = field(init=False, repr=False, compare=False)
    _last: Address = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read the range."""
        begin, dash, end = self.given.partition("-")
        if dash:
            first, last = ipaddress.ip_address(begin.strip()), ipaddress.ip_address(end.strip())
        else:
            network = ipaddress.ip_network(self.given.strip(), strict=False)
            first, last = network[0], network[-1]
        if first.version != last.version or int(first) > int(last):
            raise ValueError(f"{self.given!r} is not a range of addresses")
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_last", last)

    def keeps(self, entry: Entry) -> bool:
        """Whether the line stays."""
        text = entry.labels.get(self.name)
        if text is None:
            return False
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return self.op == "!="
        within = address.version == self._first.version and (
            int(self._first) <= int(address) <= int(self._last)
        )
        return within == (self.op == "=")

    def __str__(self) -> str:
        return f"{self.name}{self.op}ip({quote(self.given)})"


@dataclass(frozen=True)
class Every:
    """`a and b and c`, also written `a, b, c`."""

    parts: "tuple[Condition, ...]"

    def keeps(self, entry: Entry) -> bool:
        """Whether the line stays."""
        return all(part.keeps(entry) for part in self.parts)

    def __str__(self) -> str:
        return f"({' and '.join(map(str, self.parts))})"


@dataclass(frozen=True)
class Any:
    """`a or b or c`."""

    parts: "tuple[Condition, ...]"

    def keeps(self, entry: Entry) -> bool:
        """Whether the line stays."""
        return any(part.keeps(entry) for part in self.parts)

    def __str__(self) -> str:
        return f"({' or '.join(map(str, self.parts))})"


Condition = TextIs | Compares | InNetwork | Every | Any


@dataclass(frozen=True)
class LabelFilter:
    """`| condition`."""

    condition: Condition
    changes_line: ClassVar[bool] = False

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        return self.condition.keeps(entry)

    def __str__(self) -> str:
        text = str(self.condition)
        return f"| {text[1:-1] if isinstance(self.condition, Every | Any) else text}"
