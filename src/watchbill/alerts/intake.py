"""Takes alerts in from other systems: merges what they send into rows, in few and short commits.

Requests that wait at the same time share one transaction (group commit) and are answered after it.
Senders repeat what was not acknowledged, so a failed transaction loses nothing.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from watchbill.alerts import upsert
from watchbill.alerts.changes import Moved, component_of, components_of, fingerprint, hand_on
from watchbill.alerts.models import Alert
from watchbill.alerts.upsert import Row
from watchbill.lib import clock

GROUP = 64  # requests merged, at most
PORTION = 200  # alerts in one transaction, at most: meanwhile others cannot write
# SQLite's waiting writers look again every 1 to 50 ms, later every 100: after each commit the
# database is left alone for as long as it was held, so that they find it free.
PAUSES = (0.002, 0.050)  # seconds, least and most
FORGET_AFTER = timedelta(minutes=5)  # a firing alert without an end is over when not sent again
ZERO = datetime(1, 1, 1, tzinfo=UTC)  # Go's "no time"
FIRING, RESOLVED = Alert.State.FIRING.value, Alert.State.RESOLVED.value

_log = logging.getLogger(__name__)


Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # RFC 3339: never without a zone


class Sent(msgspec.Struct):
    """An alert as the Alertmanager API v2 takes it (`postableAlert`)."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: Moment | None = None  # noqa: N815
    endsAt: Moment | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815


class Unacceptable(ValueError):
    """What was sent can never be taken; the message says which alert and why."""


@dataclass(frozen=True)
class Taken:
    """An alert ready to be merged: identified, with its times settled."""

    fingerprint: str
    token: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    generator_url: str


_bodies = msgspec.json.Decoder(list[Sent])


def read(body: bytes, token: int, now: datetime) -> list[Taken]:
    """The alerts in a request body. Raises Unacceptable."""
    try:
        sent = _bodies.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unacceptable(str(error)) from None
    return [_settled(number, alert, token, now) for number, alert in enumerate(sent)]


def _settled(number: int, alert: Sent, token: int, now: datetime) -> Taken:
    labels = {name: text for name, text in alert.labels.items() if text}
    if not labels:
        raise Unacceptable(f"alert {number} has no labels")
    if any(not name for name in labels):
        raise Unacceptable(f"alert {number} has a label without a name")
    ends = alert.endsAt if alert.endsAt and alert.endsAt > ZERO else now + FORGET_AFTER
    starts = alert.startsAt if alert.startsAt and alert.startsAt > ZERO else min(now, ends)
    if starts > ends:
        raise Unacceptable(f"alert {number} starts after it ends")
    return Taken(
        fingerprint(f"token:{token}", labels),
        token,
        labels,
        alert.annotations,
        starts,
        ends,
        alert.generatorURL[:2000],
    )


@dataclass(frozen=True)
class Merged:
    """What a row becomes. `anew` when this is another occurrence: nobody's yet, not closed."""

    state: str
    starts_at: datetime
    ends_at: datetime
    anew: bool


def merge(row: Row, sent: Taken, now: datetime) -> Merged | None:
    """What to make of a message about an alert that is known. None: it is old news.

    An occurrence ends when a message says so or when its time runs out. A message that fires after
    the end begins another one.
    """
    firing = sent.ends_at > now
    if row.state == FIRING and row.starts_at is not None:
        if not firing and sent.ends_at < row.starts_at:
            return None  # the end of an earlier occurrence
        if firing and row.ends_at is not None and sent.starts_at > row.ends_at:
            return Merged(FIRING, sent.starts_at, sent.ends_at, anew=True)
        starts = min(row.starts_at, sent.starts_at) if firing else row.starts_at
        return Merged(FIRING if firing else RESOLVED, starts, sent.ends_at, anew=False)
    if firing:
        return Merged(FIRING, sent.starts_at, sent.ends_at, anew=True)
    if row.ends_at is not None and sent.ends_at <= row.ends_at:
        return None
    return Merged(RESOLVED, row.starts_at or sent.starts_at, sent.ends_at, anew=False)


def store(alerts: Sequence[Taken], now: datetime) -> int:
    """Merge alerts, each once, into the table, in one transaction; how many changed state."""
    ordered = sorted(alerts, key=lambda alert: alert.fingerprint)
    keys = [alert.fingerprint for alert in ordered]
    with transaction.atomic():
        components = components_of(alert.labels for alert in ordered)
        known = upsert.known(keys)
        fresh = [alert for alert in ordered if alert.fingerprint not in known]
        upsert.insert(_FIRST, [_first(alert, now) for alert in fresh])
        rows = upsert.lock(keys)
        moved: list[Moved] = []
        writes: dict[bool, list[tuple[Any, ...]]] = {True: [], False: []}
        for alert in ordered:
            row = rows[alert.fingerprint]
            if (merged := merge(row, alert, now)) is None:
                continue
            about = component_of(alert.labels, components)
            writes[merged.anew].append(_written(alert, merged, about, now, row.id))
            if merged.anew or merged.state != row.state:
                before = "" if row.starts_at is None else row.state
                moved.append((row.id, before, merged.state))
        for anew, values in writes.items():
            upsert.update(_AGAIN, values, anew=anew)
        hand_on(moved)
    return len(moved)


_FIRST = ("fingerprint", "name", "labels", "annotations", "severity", "state", "received_at",
          "generator_url", "token_id")  # fmt: skip
_AGAIN = ("state", "annotations", "starts_at", "ends_at", "received_at", "generator_url",
          "component_id")  # fmt: skip


def _first(alert: Taken, now: datetime) -> tuple[Any, ...]:
    """A row that says nothing yet: merging fills it like any other."""
    return (
        alert.fingerprint, alert.labels.get("alertname", "")[:200], _json(alert.labels),
        _json(alert.annotations), alert.labels.get("severity", "")[:40], RESOLVED, now,
        alert.generator_url, alert.token,
    )  # fmt: skip


def _written(
    alert: Taken, merged: Merged, component: int | None, now: datetime, number: int
) -> tuple[Any, ...]:
    return (
        merged.state, _json(alert.annotations), merged.starts_at, merged.ends_at, now,
        alert.generator_url, component, number,
    )  # fmt: skip


def _json(value: Mapping[str, str]) -> str:
    return msgspec.json.encode(value).decode()


def expire(now: datetime) -> int:
    """End the firing alerts whose source has not sent them again in time; how many."""
    over = Alert.objects.filter(state=FIRING, ends_at__lte=now)
    if not over.exists():
        return 0
    with transaction.atomic():
        numbers = list(
            over.select_for_update().order_by("fingerprint").values_list("id", flat=True)[:1000]
        )
        Alert.objects.filter(pk__in=numbers).update(state=RESOLVED)
        hand_on([(number, FIRING, RESOLVED) for number in numbers])
    return len(numbers)


Request = tuple[Sequence[Taken], "Future[None]"]


class Writer:
    """The one thread of this process that writes alerts; requests wait for its commits."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def put(self, alerts: Sequence[Taken], patience: float = 30.0) -> None:
        """Return when the alerts are committed. Raises DatabaseError, or TimeoutError."""
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="intake", daemon=True)
                self.thread.start()
        done: Future[None] = Future()
        self.waiting.put((alerts, done))
        done.result(timeout=patience)

    def close(self) -> None:
        """Write what waits, then end the thread and its connection. The next `put` begins anew."""
        with self.lock:
            thread, self.thread = self.thread, None
            if thread is not None:
                self.waiting.put(None)
                thread.join()

    def _run(self) -> None:
        while (first := self.waiting.get()) is not None:
            group = [first]
            while len(group) < GROUP and not self.waiting.empty():
                if (more := self.waiting.get()) is None:
                    self.waiting.put(None)
                    break
                group.append(more)
            close_old_connections()
            self._commit([one for one in group if one[1].set_running_or_notify_cancel()])
        connection.close()

    def _commit(self, group: Sequence[Request]) -> None:
        """Write the requests together; if their content is at fault, alone: one spoils none."""
        try:
            for part in portions([alert for alerts, _ in group for alert in alerts], clock.now()):
                begun = time.perf_counter()
                store(part, clock.now())
                if connection.vendor == "sqlite":
                    held = time.perf_counter() - begun
                    time.sleep(min(max(held, PAUSES[0]), PAUSES[1]))
        except (OperationalError, InterfaceError) as error:  # the database is away, locked or full
            connection.close()
            _log.warning("Alerts could not be stored: %s", error)
            _fail(group, error)
        except (DatabaseError, ValueError) as error:
            connection.close()
            if len(group) == 1:
                _log.exception("Alerts could not be stored")
                _fail(group, error)
            else:
                for one in group:
                    self._commit([one])
        else:
            for _, done in group:
                done.set_result(None)


def portions(alerts: Sequence[Taken], now: datetime) -> Iterator[list[Taken]]:
    """Parts that each fit one short transaction, in the order of arrival.

    Of messages that say the same about an alert a part keeps the last. One that fires and one that
    ends it come into different parts, so that the occurrence is seen.
    """
    part: dict[str, Taken] = {}
    for alert in alerts:
        before = part.get(alert.fingerprint)
        other = before is not None and (before.ends_at > now) is not (alert.ends_at > now)
        if other or len(part) >= PORTION:
            yield list(part.values())
            part = {}
        part[alert.fingerprint] = alert
    if part:
        yield list(part.values())


def _fail(group: Sequence[Request], error: Exception) -> None:
    for _, done in group:
        done.set_exception(error)


WRITER = Writer()
