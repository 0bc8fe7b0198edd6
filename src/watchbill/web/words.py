"""Times and durations in words, the same everywhere: pages, messages and the documentation.

`frontend/src/ago.ts` says "ago" in the same words, to keep them fresh.
"""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from watchbill.lib import clock

MINUTE, HOUR, DAY = 60, 3600, 86400
NONE = "\N{EN DASH}"  # what stands where there is nothing to say


def duration_words(length: timedelta) -> str:
    """A length in at most two units: "40 s", "24 min", "2 h 5 min", "3 d 4 h", "12 d"."""
    seconds = round(abs(length.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        rest = seconds % MINUTE
        return f"{seconds // MINUTE} min" + (f" {rest} s" if rest and seconds < 5 * MINUTE else "")
    if seconds < DAY:
        rest = seconds % HOUR // MINUTE
        return f"{seconds // HOUR} h" + (f" {rest} min" if rest else "")
    rest = seconds % DAY // HOUR
    return f"{seconds // DAY} d" + (f" {rest} h" if rest and seconds < 7 * DAY else "")


def ago_words(moment: datetime, now: datetime | None = None) -> str:
    """How long ago or how far ahead, in one unit: "just now", "24 min ago", "in 3 h"."""
    seconds = ((now or clock.now()) - moment).total_seconds()
    distance = abs(seconds)
    if distance < 10:
        return "just now"
    if distance < 90:
        words = f"{round(distance)} s"
    elif distance < 90 * MINUTE:
        words = f"{round(distance / MINUTE)} min"
    elif distance < 36 * HOUR:
        words = f"{round(distance / HOUR)} h"
    else:
        words = f"{round(distance / DAY)} d"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def time_words(moment: datetime, now: datetime | None = None) -> str:
    """A moment in the reader's zone with no more date than needed: "02:41", "Tue 3 Mar 02:41"."""
    here = timezone.localtime(moment)
    today = timezone.localtime(now or clock.now())
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{date_words(here, today)} {here:%H:%M}"


def date_words(moment: datetime, now: datetime | None = None) -> str:
    """The day of a moment in the reader's zone: "Tue 3 Mar", or "Tue 3 Mar 2020" in other years."""
    here = timezone.localtime(moment)
    year = "" if here.year == timezone.localtime(now or clock.now()).year else f" {here.year}"
    return f"{here:%a} {here.day} {here:%b}{year}"


def clock_words(moment: datetime) -> str:
    """The time of day in the reader's zone to the second, as in a timeline: "02:41:10"."""
    return f"{timezone.localtime(moment):%H:%M:%S}"


def utc_words(moment: datetime) -> str:
    """The same moment for people elsewhere: "2026-03-03 02:41:10 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
