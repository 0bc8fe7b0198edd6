"""Times in words, in the reader's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from watchbill.web import words

NOW = datetime(2026, 3, 3, 2, 41, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"), (59, "59 s"), (60, "1 min"), (72, "1 min 12 s"), (301, "5 min"),
        (3600, "1 h"), (7500, "2 h 5 min"), (86400, "1 d"), (100000, "1 d 3 h"),
        (1036800, "12 d"), (-72, "1 min 12 s"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: int, said: str) -> None:
    assert words.duration_words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "just now"), (-3, "just now"), (40, "40 s ago"), (95, "2 min ago"),
        (1440, "24 min ago"), (7200, "2 h ago"), (172800, "2 d ago"), (-900, "in 15 min"),
    ],
)  # fmt: skip
def test_ago_has_one_unit_and_looks_both_ways(seconds: int, said: str) -> None:
    assert words.ago_words(NOW - timedelta(seconds=seconds), NOW) == said


def test_a_time_is_the_readers_and_has_no_more_date_than_needed() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert words.time_words(NOW, NOW) == "11:41"
        assert words.time_words(NOW - timedelta(hours=12), NOW) == "Mon 2 Mar 23:41"
        assert words.date_words(NOW - timedelta(days=400), NOW) == "Mon 27 Jan 2025"
        assert words.clock_words(NOW) == "11:41:10"
        assert words.utc_words(NOW) == "2026-03-03 02:41:10 UTC"
