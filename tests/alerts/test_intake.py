"""Messages of other systems merged into rows; group commit; what a full database does."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError, OperationalError
from tests.alerts.conftest import T0

from watchbill.alerts import intake
from watchbill.alerts.intake import Taken, Unacceptable, Writer, portions, read, store
from watchbill.alerts.models import Alert, Change
from watchbill.catalog.models import Component
from watchbill.people.models import Person, Token

MINUTE = timedelta(minutes=1)
UNSET = "0001-01-01T00:00:00Z"


def body(starts: str = UNSET, ends: str = UNSET, **labels: str) -> bytes:
    given = {"alertname": "Flap", "severity": "critical", **labels}
    return json.dumps(
        [{"labels": given, "annotations": {"summary": "v=1"}, "startsAt": starts, "endsAt": ends,
          "generatorURL": "http://prom/graph?g0.expr=up"}]
    ).encode()  # fmt: skip


def take(source: Token, now: datetime, starts: datetime, ends: datetime, **labels: str) -> Alert:
    store(read(body(starts.isoformat(), ends.isoformat(), **labels), source.pk, now), now)
    return Alert.objects.order_by("-id")[0]


def changes() -> list[str]:
    return list(Change.objects.order_by("id").values_list("after", flat=True))


def test_what_prometheus_sends_fires_once_however_often_it_is_sent_again(source: Token) -> None:
    """Sent again about every minute, with an end four minutes ahead."""
    for minute in range(5):
        now = T0 + minute * MINUTE
        alert = take(source, now, T0, now + 4 * MINUTE)
    assert (alert.state, alert.starts_at, alert.ends_at) == ("firing", T0, T0 + 8 * MINUTE)
    assert (alert.token, alert.severity, alert.summary) == (source, "critical", "v=1")
    assert changes() == ["firing"]


def test_resolved_and_firing_again(source: Token, ann: Person) -> None:
    take(source, T0, T0, T0 + 4 * MINUTE)
    Alert.objects.update(taken_by=ann)
    for _ in range(2):  # the end is sent several times too
        take(source, T0 + 3 * MINUTE, T0, T0 + 2 * MINUTE)
    assert Alert.objects.get().state == "resolved"
    again = take(source, T0 + 5 * MINUTE, T0 + 5 * MINUTE, T0 + 9 * MINUTE)
    assert (again.state, again.starts_at, again.taken_by) == ("firing", T0 + 5 * MINUTE, None)
    assert changes() == ["firing", "resolved", "firing"]


def test_an_occurrence_that_began_after_the_end_is_another_one(source: Token) -> None:
    """Its end was lost, and so was our look at the clock."""
    take(source, T0, T0, T0 + 4 * MINUTE)
    take(source, T0 + 9 * MINUTE, T0 + 9 * MINUTE, T0 + 13 * MINUTE)
    assert changes() == ["firing", "firing"]


def test_the_end_of_an_earlier_occurrence_is_old_news(source: Token) -> None:
    take(source, T0, T0, T0 + 4 * MINUTE)
    take(source, T0, T0 - 9 * MINUTE, T0 - 5 * MINUTE)
    assert Alert.objects.get().state == "firing"


def test_times_that_are_unset_are_filled_in(source: Token) -> None:
    (alert,) = read(body(), source.pk, T0)
    assert (alert.starts_at, alert.ends_at) == (T0, T0 + intake.FORGET_AFTER)
    (over,) = read(body(ends=(T0 - MINUTE).isoformat()), source.pk, T0)
    assert over.starts_at == over.ends_at == T0 - MINUTE


def test_what_is_not_sent_again_is_over(source: Token) -> None:
    take(source, T0, T0, T0 + 4 * MINUTE)
    assert intake.expire(T0 + 3 * MINUTE) == 0
    assert intake.expire(T0 + 4 * MINUTE) == 1
    assert intake.expire(T0 + 4 * MINUTE) == 0
    assert changes() == ["firing", "resolved"]


def test_an_alert_of_one_source_is_not_that_of_another(source: Token, lea: Person) -> None:
    other = Token.objects.create(kind="source", person=lea, name="b", sha256="b", scopes=["alerts"])
    take(source, T0, T0, T0 + MINUTE)
    take(other, T0, T0, T0 + MINUTE)
    assert Alert.objects.count() == 2


def test_the_component_is_known_by_its_label(source: Token, checkout: Component) -> None:
    assert take(source, T0, T0, T0 + MINUTE, service="checkout").component == checkout


@pytest.mark.parametrize(
    "wrong",
    [
        b"{}",
        b"[",
        b'[{"annotations": {}}]',
        b'[{"labels": {}}]',
        b'[{"labels": {"a": ""}}]',
        b'[{"labels": {"a": 1}}]',
        b'[{"labels": {"a": "b"}, "startsAt": "yesterday"}]',
        body("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_what_is_no_alert_is_refused(wrong: bytes) -> None:
    with pytest.raises(Unacceptable):
        read(wrong, 1, T0)


def test_a_part_is_small_and_shows_each_turn() -> None:
    def message(key: int, ends: datetime) -> Taken:
        return Taken(str(key), 1, {}, {}, T0, ends, "")

    firing, over = T0 + MINUTE, T0
    many = [message(key, firing) for key in range(intake.PORTION + 1)]
    assert [len(part) for part in portions(many, T0)] == [intake.PORTION, 1]
    same = [message(1, firing), message(1, firing + MINUTE)]
    assert [[one.ends_at for one in part] for part in portions(same, T0)] == [[firing + MINUTE]]
    turn = [message(1, firing), message(1, over), message(1, firing)]
    assert len(list(portions(turn, T0))) == 3


@pytest.fixture
def writer(real_commits: None) -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.close()


def test_many_senders_at_once_are_all_acknowledged_after_their_commit(
    writer: Writer, source: Token
) -> None:
    now = T0

    def send(number: int) -> int:
        writer.put(read(body(host=f"h{number % 50}"), source.pk, now))
        return number

    with patch("watchbill.alerts.intake.clock.now", lambda: now), ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(send, range(400)))) == 400
    assert Alert.objects.filter(state="firing").count() == 50
    assert Change.objects.count() == 50


def test_one_request_that_cannot_be_stored_spoils_no_other(writer: Writer, source: Token) -> None:
    good = read(body(host="good"), source.pk, T0)
    bad = read(body(host="bad"), source.pk, T0)
    begun, real = threading.Event(), store

    def picky(alerts: list[Taken], now: datetime) -> int:
        begun.wait(5)
        if any(one.labels["host"] == "bad" for one in alerts):
            raise DatabaseError("cannot hold this")
        return real(alerts, T0)

    with patch("watchbill.alerts.intake.store", picky), ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(writer.put, good), pool.submit(writer.put, bad)
        begun.set()
        first.result(10)
        with pytest.raises(DatabaseError):
            second.result(10)
    assert Alert.objects.get().labels["host"] == "good"


def test_a_database_that_is_away_is_told_to_the_sender_and_recovers(
    writer: Writer, source: Token
) -> None:
    alerts = read(body(), source.pk, T0)
    full = patch("watchbill.alerts.intake.store", side_effect=OperationalError("disk is full"))
    with full, pytest.raises(OperationalError):
        writer.put(alerts)
    writer.put(alerts)
    assert Alert.objects.count() == 1
