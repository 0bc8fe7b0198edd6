"""Numbers as people write them, and when one is near enough."""

import pytest

from watchbill.tours.reads import shown
from watchbill.tours.steps import near, numbers


@pytest.mark.parametrize(
    ("text", "unit", "meant"),
    [
        ("12", "", (12.0,)),
        ("1,200", "", (1200.0,)),
        ("-3.5", "", (-3.5,)),
        ("12 %", "percent", (0.12,)),
        ("12", "percent", (12.0, 0.12)),
        ("340ms", "seconds", (0.34,)),
        ("340", "seconds", (340.0, 0.34)),
        ("1.5 GiB", "bytes", (1.5 * 2**30,)),
        ("2k", "", (2000.0,)),
        ("1e3", "", (1000.0,)),
        ("many", "", ()),
        ("", "", ()),
        (".", "", ()),
        ("12 apples", "", ()),
    ],
)
def test_numbers(text: str, unit: str, meant: tuple[float, ...]) -> None:
    assert numbers(text, unit) == pytest.approx(meant)


def test_near_is_a_share_of_what_was_read() -> None:
    assert near([10.9], [10.0], 0.1)
    assert not near([11.1], [10.0], 0.1)
    assert near([11.1], [10.0, 11.0], 0.1)  # as it stood there a moment ago
    assert near([0.0], [0.0], 0.0)
    assert not near([1.0], [0.0], 0.5)
    assert not near([], [0.0], 0.5)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(0.123, "percent", "12.3 %"), (0.34, "seconds", "340 ms"), (2.0, "seconds", "2 s"),
     (2.5e9, "bytes", "2.5 GB"), (12.0, "bytes", "12 B"), (1234.0, "", "1,234")],
)  # fmt: skip
def test_values_are_told_as_their_chart_tells_them(value: float, unit: str, told: str) -> None:
    assert shown(value, unit) == told
