"""Stages that find labels in a line: `json`, `logfmt`, `pattern`, `regexp`, `unpack`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
import re2

from watchbill.telemetry.logs.logql.entry import Entry
from watchbill.telemetry.logs.logql.line_filter import compile_line_pattern
from watchbill.telemetry.promql.numbers import quote

_read_json = msgspec.json.Decoder(float_hook=str).decode  # numbers keep the digits they had
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_PATH = re.compile(r'\.?([a-zA-Z_][\w-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_CAPTURE = re.compile(r"<([a-zA-Z_]\w*)>")
_LOGFMT = re.compile(
    r"""\s*(?P<key>[^\s="]+)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"(?=\s|$)|(?P<bare>[^\s"=]*)(?=\s|$)))?"""
)
_JUNK = re.compile(r"\s*(\S+)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

Path = tuple[str | int, ...]


def label_name(key: str) -> str:
    """A key as a label's name: what may not be in one becomes `_`."""
    clean = _NO_LABEL.sub("_", key.strip())
    return f"_{clean}" if clean[:1].isdigit() else clean


def parse_path(text: str) -> Path:
    """A JSON expression such as `a.b[0]["c d"]`. Raises `ValueError`."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PATH.match(text, at)
        if match is None or (match.group().startswith(".") and not parts):
            raise ValueError(
                f"cannot read {text!r} from character {at + 1} on as a JSON expression"
            )
        name, index, quoted = match.groups()
        parts.append(int(index) if index else name or _unescape(quoted or ""))
        at = match.end()
    if not parts:
        raise ValueError("a JSON expression is empty")
    return tuple(parts)


@dataclass(frozen=True)
class Json:
    """`| json`: every value of an object, nested names joined by `_`, lists left out;
    with expressions, only those. A line that is no object gets `__error__="JSONParserErr"`."""

    expressions: tuple[tuple[str, str], ...] = ()
    _paths: tuple[tuple[str, Path], ...] = field(init=False, repr=False, compare=False, default=())
    changes_line: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Read the expressions. Raises `ValueError`."""
        paths = tuple((name, parse_path(path)) for name, path in self.expressions)
        object.__setattr__(self, "_paths", paths)

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        try:
            found = _read_json(entry.line)
        except (msgspec.DecodeError, RecursionError) as error:
            entry.fail("JSONParserErr", str(error))
            return True
        if self._paths:
            for name, path in self._paths:
                value = _follow(found, path)
                if isinstance(value, dict | list):  # as it was: numbers are no strings in there
                    value = _follow(msgspec.json.decode(entry.line), path)
                entry.extract(name, _json_text(value))
        elif isinstance(found, dict):
            for name, value in _flat(found, ""):
                entry.extract(name, value)
        else:
            entry.fail("JSONParserErr", "the line is not a JSON object")
        return True

    def __str__(self) -> str:
        return "| json" + _assignments(self.expressions)


@dataclass(frozen=True)
class Logfmt:
    """`| logfmt`: pairs `key=value` and `key="quoted value"`; with fields, only those.

    What is no pair is passed over, or with `strict` gives `__error__="LogfmtParserErr"`. Empty
    values are kept only with `keep_empty`.
    """

    fields: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    keep_empty: bool = False
    changes_line: ClassVar[bool] = False

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        pairs, wrong_at = read_logfmt(entry.line)
        if wrong_at is not None and self.strict:
            entry.fail(
                "LogfmtParserErr", f"logfmt syntax error at pos {wrong_at + 1} : unexpected text"
            )
            return True
        if self.fields:
            found = dict(pairs)
            pairs = [(name, found.get(key, "")) for name, key in self.fields]
        for key, value in pairs:
            if value or self.keep_empty:
                entry.extract(label_name(key), value)
        return True

    def __str__(self) -> str:
        flags = " --strict" * self.strict + " --keep-empty" * self.keep_empty
        return f"| logfmt{flags}{_assignments(self.fields)}"


def read_logfmt(line: str) -> tuple[list[tuple[str, str]], int | None]:
    """The pairs of a line, and where the first text is that belongs to none."""
    pairs: list[tuple[str, str]] = []
    wrong_at, at, end = None, 0, len(line.rstrip())
    while at < end:
        match = _LOGFMT.match(line, at)
        if match is not None and (match.end() == len(line) or line[match.end()].isspace()):
            quoted = match.group("quoted")
            value = _unescape(quoted) if quoted is not None else match.group("bare") or ""
            pairs.append((match.group("key"), value))
            at = match.end()
            continue
        junk = _JUNK.match(line, at)
        assert junk is not None  # at < end: there is more than blanks
        wrong_at = junk.start(1) if wrong_at is None else wrong_at
        at = junk.end()
    return pairs, wrong_at


@dataclass(frozen=True)
class Pattern:
    """`| pattern "<ip> - <_> <status>"`: what stands between literal texts; `<_>` is left out.

    Raises `ValueError` when there is no named capture, one twice, or two without text between.
    """

    expression: str
    _parts: tuple[str, ...] = field(init=False, repr=False, compare=False, default=())
    changes_line: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Split into literal, name, literal, …, name, literal."""
        parts = tuple(_CAPTURE.split(self.expression))
        names = [name for name in parts[1::2] if name != "_"]
        if not names:
            raise ValueError("at least one capture is required")
        if len(set(names)) < len(names):
            raise ValueError("a capture has the same name as another")
        if "" in parts[2:-1:2]:
            raise ValueError("found consecutive capture: there must be text between two")
        object.__setattr__(self, "_parts", parts)

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        for name, value in self.captures(entry.line):
            if name != "_":
                entry.extract(name, value)
        return True

    def captures(self, line: str) -> Iterator[tuple[str, str]]:
        """Names and values. A literal that is missing ends the search: what is left of the line
        is the last value."""
        parts = self._parts
        if not line.startswith(parts[0]):
            return
        at = len(parts[0])
        for name, literal in zip(parts[1::2], parts[2::2], strict=True):
            found = line.find(literal, at) if literal else -1
            yield name, line[at:] if found < 0 else line[at:found]
            if found < 0:
                return
            at = found + len(literal)

    def __str__(self) -> str:
        return f"| pattern {quote(self.expression)}"


@dataclass(frozen=True)
class Regexp:
    """`| regexp "(?P<name>…)"`: the named groups of the first match (RE2).

    Raises `ValueError` when there is no named group, `PatternError` when it is not valid.
    """

    expression: str
    _pattern: "re2._Regexp" = field(init=False, repr=False, compare=False, default=None)
    changes_line: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Compile once."""
        pattern = compile_line_pattern(self.expression)
        if not pattern.groupindex:
            raise ValueError("at least one named capture must be supplied")
        object.__setattr__(self, "_pattern", pattern)

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        match = self._pattern.search(entry.line)
        if match is not None:
            for name in self._pattern.groupindex:
                entry.extract(name, match.group(name) or "")
        return True

    def __str__(self) -> str:
        return f"| regexp {quote(self.expression)}"


@dataclass(frozen=True)
class Unpack:
    """`| unpack`: the strings of a JSON object as labels; `_entry` becomes the line."""

    changes_line: ClassVar[bool] = True

    def apply(self, entry: Entry) -> bool:
        """See `Stage.apply`."""
        try:
            found = _read_json(entry.line)
        except (msgspec.DecodeError, RecursionError) as error:
            entry.fail("JSONParserErr", str(error))
            return True
        if not isinstance(found, dict):
            entry.fail("JSONParserErr", "the line is not a JSON object")
            return True
        for name, value in found.items():
            if name == "_entry" and isinstance(value, str):
                entry.line = value
            elif isinstance(value, str):
                entry.extract(label_name(name), value)
        return True

    def __str__(self) -> str:
        return "| unpack"


def _flat(found: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in found.items():
        name = f"{prefix}_{label_name(key)}" if prefix else label_name(key)
        if isinstance(value, dict):
            yield from _flat(value, name)
        elif not isinstance(value, list) and value is not None and name:
            yield name, _json_text(value)


def _follow(found: Any, path: Path) -> Any:
    for part in path:
        if isinstance(part, str) and isinstance(found, dict):
            found = found.get(part)
        elif isinstance(part, int) and isinstance(found, list) and part < len(found):
            found = found[part]
        else:
            return None
    return found


def _json_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: "re.Match[str]") -> str:
    code = match.group(1)
    if len(code) > 1:
        char = chr(int(code[1:], 16))
        return "\ufffd" if 0xD800 <= ord(char) < 0xE000 else char
    return _ESCAPED.get(code, code)


def _assignments(pairs: tuple[tuple[str, str], ...]) -> str:
    written = (name if name == path else f"{name}={quote(path)}" for name, path in pairs)
    text = ", ".join(written)
    return f" {text}" if text else ""
