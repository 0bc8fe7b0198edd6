"""Relabelling: rules that rewrite, keep or drop a label set.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from watchbill.telemetry.promql.storage import compile_pattern

_REFERENCE = re.compile(r"\$(?:(\d+|[A-Za-z_]\w*)|\{(\d+|[A-Za-z_]\w*)\}|(\$))")

ACTIONS = (
    "replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep",
    "lowercase", "uppercase", "keepequal", "dropequal",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One relabelling step, as in the configuration file."""

    action: str = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = 0

    def compiled(self) -> Any:
        """The pattern. Raises `PatternError`."""
        return compile_pattern(self.regex)


class Relabeller:
    """A compiled list of rules. Raises `PatternError` when made with a bad pattern."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule, rule.compiled()) for rule in rules]

    def apply(self, labels: dict[str, str]) -> dict[str, str] | None:
        """The labels after every rule, or None when a rule drops them."""
        if not self._rules:
            return labels
        labels = dict(labels)
        for rule, pattern in self._rules:
            joined = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
            if not _STEPS[rule.action](rule, pattern, joined, labels):
                return None
        return {name: value for name, value in labels.items() if value}


def _replace(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    match = pattern.fullmatch(joined)
    if match is not None:
        target = _expand(rule.target_label, match)
        value = _expand(rule.replacement, match)
        if value:
            labels[target] = value
        else:
            labels.pop(target, None)
    return True


def _keep(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    return pattern.fullmatch(joined) is not None


def _drop(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    return pattern.fullmatch(joined) is None


def _keepequal(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    return joined == labels.get(rule.target_label, "")


def _dropequal(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    return joined != labels.get(rule.target_label, "")


def _hashmod(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    digest = hashlib.md5(joined.encode(), usedforsecurity=False).digest()
    labels[rule.target_label] = str(int.from_bytes(digest[8:], "big") % rule.modulus)
    return True


def _lowercase(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    labels[rule.target_label] = joined.lower()
    return True


def _uppercase(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    labels[rule.target_label] = joined.upper()
    return True


def _labelmap(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    for name, value in list(labels.items()):
        match = pattern.fullmatch(name)
        if match is not None:
            labels[_expand(rule.replacement, match)] = value
    return True


def _labeldrop(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    for name in [name for name in labels if pattern.fullmatch(name) is not None]:
        del labels[name]
    return True


def _labelkeep(rule: Rule, pattern: Any, joined: str, labels: dict[str, str]) -> bool:
    for name in [name for name in labels if pattern.fullmatch(name) is None]:
        del labels[name]
    return True


def _expand(template: str, match: Any) -> str:
    """Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `$$`; an unknown group is empty."""

    def group(reference: re.Match[str]) -> str:
        if reference.group(3):
            return "$"
        name = reference.group(1) or reference.group(2)
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(group, template)


_STEPS: dict[str, Callable[[Rule, Any, str, dict[str, str]], bool]] = {
    "replace": _replace,
    "keep": _keep,
    "drop": _drop,
    "keepequal": _keepequal,
    "dropequal": _dropequal,
    "hashmod": _hashmod,
    "lowercase": _lowercase,
    "uppercase": _uppercase,
    "labelmap": _labelmap,
    "labeldrop": _labeldrop,
    "labelkeep": _labelkeep,
}
