"""YAML read with line numbers, so that a wrong entry is refused where it stands."""

import difflib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import yaml

T = TypeVar("T")

_DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"
)
_DURATION_SECONDS = (31_536_000, 604_800, 86_400, 3_600, 60, 1, 0.001)


class ConfigError(Exception):
    """A configuration file is wrong: where, what, and how it should be."""

    def __init__(self, path: Path, line: int, problem: str, hint: str = "") -> None:
        super().__init__(f"{path}:{line}: {problem}" + (f" ({hint})" if hint else ""))
        self.path, self.line, self.problem, self.hint = path, line, problem, hint


MOST_CHARACTERS = 60
"""Of a number or a duration."""


def duration(text: str) -> float:
    """Seconds in a duration such as 15s or 1h30m. Raises `ValueError`."""
    match = _DURATION.fullmatch(text)
    if not text or match is None or len(text) > MOST_CHARACTERS:
        raise ValueError(f"{text[:MOST_CHARACTERS]!r} is not a duration")
    return sum(
        int(part) * unit
        for part, unit in zip(match.groups(), _DURATION_SECONDS, strict=True)
        if part
    )


class Entry:
    """A value in the file that knows its line. The getters raise `ConfigError`."""

    def __init__(self, path: Path, node: yaml.Node) -> None:
        self.path = path
        self._node = node
        self.line: int = node.start_mark.line + 1

    def wrong(self, problem: str, hint: str = "") -> ConfigError:
        """The error to raise about this value."""
        return ConfigError(self.path, self.line, problem, hint)

    def fields(self, known: tuple[str, ...], unsupported: tuple[str, ...] = ()) -> "Fields":
        """This value as a mapping whose keys are all in `known`; `unsupported` ones are right
        elsewhere."""
        entries: dict[str, Entry] = {}
        for key, value in self.pairs():
            if key in unsupported:
                raise value.wrong(f"{key!r} is not supported", "leave it out")
            if key.endswith("_sd_configs") and key not in known:
                raise value.wrong(
                    f"{key!r} is not supported", "discover by static, file or HTTP configuration"
                )
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise value.wrong(f"unknown field {key!r}", hint)
            if key in entries:
                raise value.wrong(f"{key!r} is given twice")
            entries[key] = value
        return Fields(self, entries)

    def pairs(self) -> Iterator[tuple[str, "Entry"]]:
        """The keys and values of this mapping."""
        if self._is_null():
            return
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong("expected a mapping (key: value)")
        for key, value in self._node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.wrong("keys must be plain text")
            entry = Entry(self.path, value)
            entry.line = key.start_mark.line + 1
            yield key.value, entry

    def items(self) -> list["Entry"]:
        """The members of this list."""
        if self._is_null():
            return []
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wrong("expected a list (- item)")
        return [Entry(self.path, node) for node in self._node.value]

    def text(self) -> str:
        """This value as text."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.wrong("expected text")
        return str(self._node.value)

    def truth(self) -> bool:
        """This value as true or false."""
        word = self.text().lower()
        if word not in ("true", "false"):
            raise self.wrong(f"expected true or false, got {word!r}")
        return word == "true"

    def whole(self) -> int:
        """This value as a whole number."""
        word = self.text()
        if not word.isdecimal() or len(word) > MOST_CHARACTERS:
            raise self.wrong(f"expected a whole number, got {word!r}")
        return int(word)

    def seconds(self) -> float:
        """This value as a duration such as 15s or 1m30s, in seconds."""
        try:
            return duration(self.text())
        except ValueError as error:
            raise self.wrong(str(error), "write it like 15s, 1m or 1h30m") from None

    def _is_null(self) -> bool:
        return isinstance(self._node, yaml.ScalarNode) and self._node.tag.endswith(":null")


class Fields:
    """The fields of one mapping."""

    def __init__(self, whole: Entry, entries: dict[str, Entry]) -> None:
        self.whole = whole
        self._entries = entries

    def __getitem__(self, name: str) -> Entry:
        """A field that must be there."""
        if name not in self._entries:
            raise self.whole.wrong(f"{name} is missing")
        return self._entries[name]

    def get(self, name: str) -> Entry | None:
        """A field that may be there."""
        return self._entries.get(name)

    def items(self, name: str) -> list[Entry]:
        """The members of a list field; none when it is not there."""
        entry = self._entries.get(name)
        return entry.items() if entry is not None else []

    def read(self, name: str, getter: Callable[[Entry], T], default: T) -> T:
        """A field by one of `Entry`'s getters, or the default."""
        entry = self._entries.get(name)
        return getter(entry) if entry is not None else default


def load(path: Path) -> Entry | None:
    """The document in a file; None when it is empty. Raises `ConfigError`, `OSError`."""
    try:
        node = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(path, line, f"not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(path, 1, f"not YAML: {error}") from None
    return Entry(path, node) if node is not None else None
