"""Numbers and strings between text and memory, by Go's rules, which are PromQL's."""

import math
import re
from decimal import Decimal

_ESCAPES = {
    "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34,
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:(x)([0-9a-fA-F]{2})|(u)([0-9a-fA-F]{4})|(U)([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))",
    re.DOTALL,
)
_INTEGERS = {
    16: re.compile(r"0[xX][0-9a-fA-F]+"),
    8: re.compile(r"0[oO]?[0-7]+"),
    2: re.compile(r"0[bB][01]+"),
}


def format_value(value: float) -> str:
    """A sample value as Prometheus writes it: shortest digits that read back, no exponent.

    Go: `strconv.FormatFloat(value, 'f', -1, 64)`.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(float(value))
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def format_short(value: float) -> str:
    """A number in messages: shortest digits, with an exponent where it is large or small.

    Go: `fmt.Sprintf("%g", value)`.
    """
    if not math.isfinite(value) or value == 0 or 1e-4 <= abs(value) < 1e6:
        return format_value(value)
    return _with_exponent(value)


def format_sample(value: float) -> str:
    """A sample value as the HTTP API writes it: an exponent only where it saves many zeros."""
    if not math.isfinite(value) or value == 0 or 1e-6 <= abs(value) < 1e21:
        return format_value(value)
    return _with_exponent(value)


def _with_exponent(value: float) -> str:
    """Go: `strconv.FormatFloat(value, 'e', -1, 64)`."""
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    assert isinstance(exponent, int)
    point = exponent + len(digits) - 1
    text = "".join(map(str, digits))
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{'-' if point < 0 else '+'}{abs(point):02d}"


def parse_number(text: str) -> float:
    """A number literal: decimal, hexadecimal, octal or binary, `_` between digits, Inf, NaN.

    Raises `ValueError`.
    """
    lowered = text.lower()
    if lowered in ("inf", "+inf", "-inf", "nan"):
        return math.nan if lowered == "nan" else float(lowered)
    value = _finite_number(text.replace("_", ""))
    if math.isinf(value):
        raise ValueError(f"number out of range: {quote(text)}")
    return value


def _finite_number(digits: str) -> float:
    base = next((base for base, pattern in _INTEGERS.items() if pattern.fullmatch(digits)), None)
    if base is None:
        return float(digits)
    try:
        return float(int(digits, base))
    except OverflowError:
        return math.inf


def unquote(literal: str) -> str:
    """The string that a quoted literal stands for.

    Bytes that are not UTF-8 come out as lone surrogates. Raises `ValueError` on a bad escape.
    """
    quote, body = literal[0], literal[1:-1]
    if quote == "`" or "\\" not in body:
        return body
    out = bytearray()
    position = 0
    for match in _ESCAPE.finditer(body):
        out += body[position : match.start()].encode("utf-8", "surrogateescape")
        out += _unescape(match, quote)
        position = match.end()
    out += body[position:].encode("utf-8", "surrogateescape")
    return out.decode("utf-8", "surrogateescape")


def _unescape(match: "re.Match[str]", quote: str) -> bytes:
    byte, four, eight, octal, plain = match.group(2, 4, 6, 7, 8)
    if byte or octal:
        return bytes([int(byte, 16) if byte else int(octal, 8)])
    if four or eight:
        return _encode_point(int(four or eight, 16))
    if plain in _ESCAPES and not (plain in "'\"" and plain != quote):
        return bytes([_ESCAPES[plain]])
    raise ValueError("unknown escape sequence")


def _encode_point(point: int) -> bytes:
    if point > 0x10FFFF or 0xD800 <= point < 0xE000:
        raise ValueError("escape sequence is invalid Unicode code point")
    return chr(point).encode()


def quote(text: str) -> str:
    """A double-quoted literal that `unquote` turns back into `text` (Go: `strconv.Quote`)."""
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    point = ord(char)
    if char in '"\\':
        return "\\" + char
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\x{point - 0xDC00:02x}"
    if char.isprintable():
        return char
    for letter, code in _ESCAPES.items():
        if point == code:
            return "\\" + letter
    if point < 0x80:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def is_utf8(text: str) -> bool:
    """Whether `unquote` met only UTF-8."""
    return not any(0xDC80 <= ord(char) <= 0xDCFF for char in text)


def format_openmetrics(value: float) -> str:
    """A value as the labels `le` and `quantile` of scraped series have it: 1.0, 0.5, 1e+06."""
    text = format_short(value)
    return text if "." in text or "e" in text or not math.isfinite(value) else f"{text}.0"
