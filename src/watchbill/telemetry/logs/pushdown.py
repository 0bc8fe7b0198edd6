"""Line filters as conditions of SQL, so that chDB reads only what a search needs.

They keep exactly the lines that `LineFilter.keeps` keeps. The index of words (ASCII letters and
digits in a row, or anything beyond ASCII) is used where a filter allows: `LIKE` looks its words up,
and for `|~ "\\bword\\b"` the word itself is asked for. There RE2 sees a boundary between a letter
beyond ASCII and an ASCII one, where the index sees one word, so lines that are not plain ASCII are
always looked at.
"""

import re

from watchbill.telemetry.logs.logql.line_filter import LineFilter

_WHOLE_WORD = re.compile(r"\\b([A-Za-z0-9]+)\\b")
_LITERAL = re.compile(r"[^\\.+*?()|\[\]{}^$]+")


def condition(one: LineFilter) -> str:
    """SQL that is true for the lines that stay."""
    found = " OR ".join(f"({_found(one, text)})" for text in one.texts)
    return f"({found})" if one.keeps_found else f"NOT ({found})"


def _found(one: LineFilter, text: str) -> str:
    if one.op in ("|=", "!="):
        return _contains(text)
    if _LITERAL.fullmatch(text) and text.isascii():
        return _contains(text)
    matches = f"match(line, {quoted('(?-s)' + text)})"
    word = _WHOLE_WORD.fullmatch(text)
    if word is not None and one.keeps_found:
        return f"(hasToken(line, {quoted(word.group(1))}) OR plain = 0) AND {matches}"
    return matches


def _contains(text: str) -> str:
    if not text:
        return "1"
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"line LIKE {quoted(f'%{escaped}%')}"


def quoted(text: str) -> str:
    """A string literal; everything but plain characters by its bytes."""
    return "'" + "".join(map(_byte, text.encode("utf-8", "surrogateescape"))) + "'"


def _byte(byte: int) -> str:
    plain = 32 <= byte < 127 and byte not in b"'\\"
    return chr(byte) if plain else f"\\x{byte:02x}"
