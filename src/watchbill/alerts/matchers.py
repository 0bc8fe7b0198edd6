"""Label matchers as Alertmanager has them: `severity="critical"`, `instance=~"db-.*"`. Pure.

Syntax and meaning: https://prometheus.io/docs/alerting/latest/configuration/#matcher.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

_ONE = re.compile(
    r"""\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<op>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,{}"]*))\s*"""
)
_OPERATORS = {"=": (False, True), "!=": (False, False), "=~": (True, True), "!~": (True, False)}


class WrongMatcher(ValueError):
    """Text or data that is no matcher; the message says what is wrong with it."""


@dataclass(frozen=True)
class Matcher:
    """One condition on a label. A label that is absent counts as empty."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def __str__(self) -> str:
        operator = next(op for op, how in _OPERATORS.items() if how == (self.regex, self.equal))
        return f"{self.name}{operator}{json.dumps(self.value, ensure_ascii=False)}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets the condition."""
        value = labels.get(self.name, "")
        found = bool(_compiled(self.value).fullmatch(value)) if self.regex else value == self.value
        return found is self.equal

    def as_json(self) -> dict[str, Any]:
        """As the Alertmanager API writes it."""
        return {
            "name": self.name,
            "value": self.value,
            "isRegex": self.regex,
            "isEqual": self.equal,
        }


def match_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether the labels meet every condition."""
    return all(matcher.matches(labels) for matcher in matchers)


def from_json(raw: Iterable[Mapping[str, Any]]) -> list[Matcher]:
    """Matchers as the Alertmanager API sends and the database holds them."""
    return [
        Matcher(
            str(one["name"]),
            str(one["value"]),
            bool(one.get("isRegex", False)),
            bool(one.get("isEqual", True)),
        )
        for one in raw
    ]


def parse(text: str) -> list[Matcher]:
    """Matchers written as people and amtool write them, with commas or line ends between.

    `{alertname="DiskFull", instance=~"db-.*"}`; braces and quotes may be left out. Raises
    WrongMatcher.
    """
    rest = text.strip().removeprefix("{").removesuffix("}").strip()
    found: list[Matcher] = []
    while rest:
        one = _ONE.match(rest)
        if one is None:
            raise WrongMatcher(f'{rest.split(",")[0].strip()!r} is not like name="value"')
        value = one["bare"]
        if one["quoted"] is not None:
            value = one["quoted"].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
        found.append(checked(Matcher(one["name"], value, *_OPERATORS[one["op"]])))
        rest = rest[one.end() :]
        if rest and rest[0] not in ",\n":
            raise WrongMatcher(f"a comma is missing before {rest!r}")
        rest = rest[1:].strip() if rest else ""
    return found


def checked(matcher: Matcher) -> Matcher:
    """The matcher itself. Raises WrongMatcher when its regular expression cannot be read."""
    if matcher.regex:
        try:
            _compiled(matcher.value)
        except re2.error as error:
            raise WrongMatcher(f"{matcher}: {_text(error)}") from None
    return matcher


def narrows(matchers: Iterable[Matcher]) -> bool:
    """At least one condition that an alert without labels does not meet.

    Alertmanager refuses silences without one, since they would silence everything.
    """
    return any(not matcher.matches({}) for matcher in matchers)


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # it would write to standard error by itself
    return re2.compile(pattern, options)


def _text(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
