"""Reads alert rule files in Prometheus's form. Pure; every refusal names the line and a way out.

The form: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from watchbill.alerts.annotate import WrongTemplate, check

EVERY = 15.0  # seconds between evaluations when a group does not say
_UNITS = {
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "y": 31536000.0,
}
_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GROUP_KEYS = ("name", "interval", "query_offset", "limit", "labels", "rules")
_RULE_KEYS = ("alert", "expr", "for", "keep_firing_for", "labels", "annotations")


class WrongFile(Exception):
    """A rule file that cannot be used: what is wrong, in which line, and what would help."""

    def __init__(self, line: int, what: str, hint: str = "") -> None:
        super().__init__(f"line {line}: {what}")
        self.line, self.what, self.hint = line, what, hint


@dataclass(frozen=True)
class RuleText:
    """One alerting rule as its file has it. Durations in seconds; group labels laid in."""

    line: int
    name: str
    expr: str
    hold: float = 0.0
    keep_firing: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupText:
    """One group as its file has it."""

    line: int
    name: str
    interval: float
    limit: int
    rules: tuple[RuleText, ...]
    skipped: tuple[str, ...]  # names of recording rules


def parse(text: str) -> list[GroupText]:
    """The groups in a rule file. Raises WrongFile."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise WrongFile(
            line, error.problem or "this is not YAML", "Check the indentation."
        ) from None
    except yaml.YAMLError as error:
        raise WrongFile(1, f"this is not YAML: {error}") from None
    if root is None:
        return []
    groups: list[GroupText] = []
    for key, node in _pairs(root, ("groups",), "A rule file begins with `groups:`."):
        del key
        for item in _items(node, "groups"):
            group = _group(item)
            if any(group.name == other.name for other in groups):
                raise WrongFile(
                    group.line, f"two groups are called {group.name!r}", "Rename one of them."
                )
            groups.append(group)
    return groups


def seconds(text: str) -> float:
    """A duration such as "1h30m" in seconds. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0.0
    if not text or found is None:
        raise ValueError(f"{text!r} is not a duration")
    units = ("y", "w", "d", "h", "m", "s", "ms")
    parts = zip(units, found.groups(), strict=True)
    return sum(int(number) * _UNITS[unit] for unit, number in parts if number)


def words(length: float) -> str:
    """Seconds as Prometheus writes a duration: "1h30m"."""
    rest, written = round(length * 1000), ""
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        if rest >= size:
            written += f"{rest // size}{unit}"
            rest %= size
    return written or "0s"


def _group(node: Node) -> GroupText:
    name, interval, limit, rules = "", EVERY, 0, None
    labels: dict[str, str] = {}
    for key, value in _pairs(node, _GROUP_KEYS, "A group has: " + ", ".join(_GROUP_KEYS) + "."):
        match key:
            case "name":
                name = _text(value)
            case "interval":
                interval = _duration(value)
            case "limit":
                limit = _count(value)
            case "labels":
                labels = _labels(value)
            case "query_offset" if _duration(value):
                raise WrongFile(
                    _line(value),
                    "query_offset is not supported",
                    "Leave it out, or write `offset` in the expressions.",
                )
            case "rules":
                rules = value
    if not name:
        raise WrongFile(_line(node), "a group has no name", "Add `name: something`.")
    if interval < 1:
        raise WrongFile(_line(node), "an interval is at least one second", "Write `interval: 15s`.")
    if rules is None:
        return GroupText(_line(node), name, interval, limit, (), ())
    read = [_rule(item, labels) for item in _items(rules, "rules")]
    return GroupText(
        _line(node),
        name,
        interval,
        limit,
        tuple(rule for rule in read if isinstance(rule, RuleText)),
        tuple(rule for rule in read if isinstance(rule, str)),
    )


def _rule(node: Node, of_group: Mapping[str, str]) -> RuleText | str:
    """An alerting rule, or the name of a recording rule."""
    found = dict(
        _pairs(node, (*_RULE_KEYS, "record"), "A rule has: " + ", ".join(_RULE_KEYS) + ".")
    )
    if ("alert" in found) == ("record" in found):
        raise WrongFile(_line(node), "a rule has either `alert` or `record`", "Name the alert.")
    if "expr" not in found or not _text(found["expr"]).strip():
        raise WrongFile(_line(node), "a rule has no `expr`", "Add `expr: up == 0` or the like.")
    if "record" in found:
        return _text(found["record"])
    own = _labels(found["labels"]) if "labels" in found else {}
    annotations = _labels(found["annotations"]) if "annotations" in found else {}
    for part in ("labels", "annotations"):
        if part in found:
            _check_templates(found[part])
    return RuleText(
        line=_line(node),
        name=_text(found["alert"]),
        expr=_text(found["expr"]).strip(),
        hold=_duration(found["for"]) if "for" in found else 0.0,
        keep_firing=_duration(found["keep_firing_for"]) if "keep_firing_for" in found else 0.0,
        labels={**of_group, **own},
        annotations=annotations,
    )


def _check_templates(node: Node) -> None:
    for _, value in _pairs(node, None, ""):
        try:
            check(_text(value))
        except WrongTemplate as error:
            raise WrongFile(_line(value), error.what, error.hint) from None


def _pairs(node: Node, known: tuple[str, ...] | None, hint: str) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, MappingNode):
        raise WrongFile(_line(node), "names with values are expected here", hint)
    seen: set[str] = set()
    for key, value in node.value:
        name = _text(key)
        if known is not None and name not in known:
            raise WrongFile(_line(key), f"{name!r} is not known here", hint)
        if name in seen:
            raise WrongFile(_line(key), f"{name!r} is here twice", "Remove one of them.")
        seen.add(name)
        yield name, value


def _items(node: Node, what: str) -> list[Node]:
    if isinstance(node, ScalarNode) and node.tag.endswith(":null"):
        return []
    if not isinstance(node, SequenceNode):
        raise WrongFile(_line(node), f"{what} is a list", "Begin each item with a dash.")
    return list(node.value)


def _text(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise WrongFile(_line(node), "a text is expected here", "Put it in quotes if need be.")
    return str(node.value)


def _labels(node: Node) -> dict[str, str]:
    found = {}
    for name, value in _pairs(node, None, "Write each as `name: value`."):
        if not _LABEL.fullmatch(name):
            raise WrongFile(_line(value), f"{name!r} is no name for a label", "Letters, digits, _.")
        found[name] = _text(value)
    return found


def _duration(node: Node) -> float:
    try:
        return seconds(_text(node))
    except ValueError as error:
        raise WrongFile(_line(node), str(error), "Write it like 30s, 5m or 1h30m.") from None


def _count(node: Node) -> int:
    text = _text(node)
    if not (text.isascii() and text.isdigit()):
        raise WrongFile(_line(node), f"{text!r} is not a whole number", "0 means no limit.")
    return int(text)


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
