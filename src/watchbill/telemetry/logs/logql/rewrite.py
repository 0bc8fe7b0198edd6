"""Stages that change what is shown: `line_format`, `label_format`, `decolorize`, `drop`, `keep`."""

import re
from dataclasses import dataclass
from typing import ClassVar

from watchbill.telemetry.logs.logql.entry import ERROR, ERROR_DETAILS, Entry
from watchbill.telemetry.logs.logql.template import Template, TemplateError
from watchbill.telemetry.promql.numbers import quote
from watchbill.telemetry.promql.storage import Matcher

_COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\x9b[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Decolorize:
    """`| decolorize`: terminal colours taken out of the line."""

    changes_line: ClassVar[bool] = True

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        entry.line = _COLOR.sub("", entry.line)
        return True

    def __str__(self) -> str:
        return "| decolorize"


@dataclass(frozen=True)
class LineFormat:
    """`| line_format "{{.template}}"`: another line, made of the labels.

    One that fails leaves the line and sets `__error__="TemplateFormatErr"`.
    """

    template: Template
    changes_line: ClassVar[bool] = True

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        try:
            entry.line = self.template.fill(entry)
        except TemplateError as error:
            entry.fail("TemplateFormatErr", str(error))
        return True

    def __str__(self) -> str:
        return f"| line_format {quote(self.template.text)}"


@dataclass(frozen=True)
class LabelFormat:
    """`| label_format new=old, other="{{.template}}"`: labels renamed, or made of others."""

    changes: tuple[tuple[str, "str | Template"], ...]
    changes_line: ClassVar[bool] = False

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        for name, source in self.changes:
            if isinstance(source, str):
                value = entry.labels.pop(source, None)
                if value is not None:
                    entry.labels[name] = value
                continue
            try:
                entry.labels[name] = source.fill(entry)
            except TemplateError as error:
                entry.fail("TemplateFormatErr", str(error))
        return True

    def __str__(self) -> str:
        changes = (
            f"{name}={source if isinstance(source, str) else quote(source.text)}"
            for name, source in self.changes
        )
        return f"| label_format {', '.join(changes)}"


Picked = str | Matcher
"""A label by its name, or by a matcher on its value."""


@dataclass(frozen=True)
class Drop:
    """`| drop a, b="value"`: without these labels."""

    picked: tuple[Picked, ...]
    changes_line: ClassVar[bool] = False

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        for one in self.picked:
            if _picks(one, entry):
                del entry.labels[one if isinstance(one, str) else one.name]
        if ERROR not in entry.labels:
            entry.labels.pop(ERROR_DETAILS, None)
        return True

    def __str__(self) -> str:
        return f"| drop {_listed(self.picked)}"


@dataclass(frozen=True)
class Keep:
    """`| keep a, b="value"`: only these labels, and what tells of errors."""

    picked: tuple[Picked, ...]
    changes_line: ClassVar[bool] = False

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        kept = {
            one if isinstance(one, str) else one.name for one in self.picked if _picks(one, entry)
        }
        kept |= {ERROR, ERROR_DETAILS}
        entry.labels = {name: value for name, value in entry.labels.items() if name in kept}
        return True

    def __str__(self) -> str:
        return f"| keep {_listed(self.picked)}"


def _picks(one: Picked, entry: Entry) -> bool:
    if isinstance(one, str):
        return one in entry.labels
    return one.name in entry.labels and one.matches(entry.labels[one.name])


def _listed(picked: tuple[Picked, ...]) -> str:
    return ", ".join(
        one if isinstance(one, str) else f"{one.name}{one.op}{quote(one.value)}" for one in picked
    )
