"""What happened in the shop in the thirty days before: episodes and releases, made up and dated.

The generated metrics show them, and whoever tells the example's past (incidents, changes, reviews)
tells the same dates.
"""

from dataclasses import dataclass

DAYS = 30
DAY = 86_400


@dataclass(frozen=True)
class Episode:
    """Something that went wrong; times in Unix seconds, `kind` as in `faults.FAULTS`."""

    kind: str
    service: str
    starts: int
    ends: int
    title: str
    cause: str
    mended: str


@dataclass(frozen=True)
class Release:
    """A deployment, the service's process restarting at `at`."""

    service: str
    version: str
    at: int


def episodes(end: int) -> list[Episode]:
    """The episodes of the thirty days before `end` (Unix seconds), oldest first."""

    def at(days: int, clock: str, minutes: int) -> tuple[int, int]:
        starts = _moment(end, days, clock)
        return starts, starts + minutes * 60

    return [
        Episode(
            "latency", "payments", *at(26, "14:10", 42),
            title="Charges took half a second for forty minutes",
            cause="The settlement report was started by day and locked the ledger.",
            mended="The report was stopped.",
        ),
        Episode(
            "errors", "payments", *at(19, "10:05", 26),
            title="One checkout in eight failed after a release of payments",
            cause="payments 4.10 did not trust one of the card processor's two certificates.",
            mended="payments went back to 4.9.",
        ),
        Episode(
            "memory", "catalogue", *at(12, "01:20", 325),
            title="Catalogue's memory rose to four times the usual overnight",
            cause="The sweeper of the cache stood still after a full disk.",
            mended="The cache was emptied, which starts the sweeper again.",
        ),
        Episode(
            "queue", "payments", *at(6, "16:40", 18),
            title="Receipts piled up until charges were refused",
            cause="The mailer waited for ever on a dead connection to the mail server.",
            mended="The connection was opened anew.",
        ),
        Episode(
            "crash", "checkout", *at(2, "21:03", 6),
            title="Checkout was down for six minutes",
            cause="Checkout stopped itself as its basket store did not add up.",
            mended="Checkout was restarted once the store had been looked at.",
        ),
    ]  # fmt: skip


def releases(end: int) -> list[Release]:
    """The deployments of the same thirty days, oldest first; the first ones ran before."""
    before = end - DAYS * DAY
    bad = next(it for it in episodes(end) if it.kind == "errors")
    crash = next(it for it in episodes(end) if it.kind == "crash")
    return [
        Release("checkout", "7.3", before),
        Release("payments", "4.9", before),
        Release("catalogue", "2.8", before),
        Release("catalogue", "2.9", _moment(end, 23, "09:30")),
        Release("payments", "4.10", bad.starts),
        Release("payments", "4.9", bad.ends),
        Release("payments", "4.11", _moment(end, 16, "13:15")),
        Release("checkout", "7.4", _moment(end, 9, "11:40")),
        Release("checkout", "7.4", crash.ends),  # the restart
    ]


def _moment(end: int, days: int, clock: str) -> int:
    """That time of day (UTC), that many days before the day of `end`."""
    hours, minutes = clock.split(":")
    return end // DAY * DAY - days * DAY + int(hours) * 3600 + int(minutes) * 60
