"""Numbers and strings as Go reads and writes them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.numbers import (
    format_openmetrics,
    format_value,
    parse_number,
    quote,
    unquote,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (123456789.125, "123456789.125"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (5e-324, "0." + "0" * 323 + "5"),
    ],
)
def test_values_are_written_in_full(value: float, text: str) -> None:
    assert format_value(value) == text


@given(st.floats(allow_nan=False))
def test_a_written_value_reads_back(value: float) -> None:
    assert float(format_value(value)) == value
    assert "e" not in format_value(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("017", 15), ("0.5e1", 5),
        (".5", 0.5), ("1.", 1), ("Inf", math.inf), ("-inf", -math.inf), ("089", 89), ("0", 0),
    ],
)  # fmt: skip
def test_number_literals(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["1e999", "0x" + "f" * 300, "", "0xg", "1" * 400])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|float"):
        parse_number(text)


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'a\'b'", "a'b"),
        (r"`a\b`", r"a\b"),
        (r'"\x41\u00e9\U0001f600\101"', "Aé😀A"),
        (r'"\n\t\\"', "\n\t\\"),
        (r'"\xff"', "\udcff"),
    ],
)
def test_string_literals(literal: str, text: str) -> None:
    assert unquote(literal) == text


@pytest.mark.parametrize("literal", [r'"\q"', r'"\'"', r"'\"'", r'"\ud800"', r'"\U00110000"'])
def test_bad_escapes_are_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="escape"):
        unquote(literal)


@given(st.text() | st.just("\udcff\x00\x7f\u2028"))
def test_a_quoted_string_reads_back(text: str) -> None:
    if not any(0xD800 <= ord(char) < 0xDC80 or 0xDCFF < ord(char) < 0xE000 for char in text):
        assert unquote(quote(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"), (1.0, "1.0"), (0.25, "0.25"), (-2.5, "-2.5"), (100000.0, "100000.0"),
        (1e6, "1e+06"), (1234567.0, "1.234567e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"),
        (2.5e-7, "2.5e-07"), (-1e100, "-1e+100"), (math.inf, "+Inf"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_bounds_are_written_as_prometheus_does(value: float, text: str) -> None:
    assert format_openmetrics(value) == text


@given(st.floats(allow_nan=False))
def test_bounds_read_back(value: float) -> None:
    assert float(format_openmetrics(value)) == value
