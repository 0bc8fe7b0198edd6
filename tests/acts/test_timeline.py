"""A long timeline folds what is old, never what waits, and names other days."""

from datetime import UTC, timedelta
from types import SimpleNamespace
from typing import Any

from watchbill.acts.templatetags import acts_tags
from watchbill.lib import clock


def lines(many: int, *, waits: int = -1) -> list[dict[str, Any]]:
    return [{"number": number, "open": number == waits} for number in range(many)]


def test_a_short_timeline_is_whole() -> None:
    few = lines(2 * acts_tags.LATEST)
    assert acts_tags._fold(few) == ([], few)


def test_a_long_one_keeps_the_latest_and_what_waits() -> None:
    earlier, shown = acts_tags._fold(lines(30, waits=4))
    assert [line["number"] for line in shown] == [4, *range(20, 30)]
    assert len(earlier) == 19
    assert not any(line["open"] for line in earlier)


def test_only_other_days_are_named() -> None:
    now = clock.now().astimezone(UTC).replace(hour=12)
    moments = [now - timedelta(days=2), now - timedelta(days=2), now, now]
    told: list[dict[str, Any]] = [{"entry": SimpleNamespace(at=at)} for at in moments]
    acts_tags._mark_days(told)
    assert [line["new_day"] for line in told] == [True, False, True, False]
