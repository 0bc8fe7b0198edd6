"""The outbox: at least once, never twice without saying so, and nobody holds up anybody else."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import OperationalError
from tests.paging.conftest import MINUTE, T0, Fire, at, deliver, resolve, tick

from watchbill.acts import timeline
from watchbill.paging import acts, health
from watchbill.paging.channels.base import Message, NotSent
from watchbill.paging.channels.memory import Memory
from watchbill.paging.deliver import LEASE, Outbox
from watchbill.paging.models import Delivery, EscalationPolicy, Page
from watchbill.people.models import ContactMethod, Person


@pytest.fixture
def paged(policy: EscalationPolicy, fire: Fire) -> Page:
    """Ann is paged by email; nothing is sent yet."""
    fire()
    tick(0)
    return Page.objects.get()


def one() -> Delivery:
    return Delivery.objects.get()


def test_a_page_is_sent_once(paged: Page, box: Outbox, memory: Memory) -> None:
    deliver(box)
    deliver(box, 1)
    (message,) = memory.sent
    assert (message.to, message.repeat) == ("ann@example.org", False)
    assert message.subject == "Page: Errors (critical)"
    assert f"/page/{paged.pk}/" in message.text
    assert "Acknowledge it within 5 min" in message.text
    assert (one().outcome, one().attempts) == ("sent", 1)


def test_what_failed_is_tried_again_ever_more_seldom_under_the_same_key(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    keys = []

    def refuse(message: Message) -> None:
        keys.append((message.key, message.repeat))
        raise NotSent("connection refused")

    memory.then = refuse
    waits = []
    for _ in range(5):
        when = one().due_at
        deliver(box, (when - T0) / MINUTE)
        waits.append((one().due_at - when).total_seconds())
    assert len({key for key, _ in keys}) == 1
    assert not any(repeat for _, repeat in keys)  # nothing can have arrived
    assert all(1.3 < after / before < 3 for before, after in pairwise(waits))
    assert one().error == "connection refused"
    memory.then = lambda message: None
    deliver(box, 4)
    assert [message.repeat for message in memory.sent] == [False]


def test_what_may_have_arrived_is_marked_as_a_repeat(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    def unclear(message: Message) -> None:
        raise NotSent("time-out after the data was sent", maybe=True)

    memory.then = unclear
    deliver(box)
    memory.then = lambda message: None
    deliver(box, 1)
    assert [message.title for message in memory.sent] == ["(repeat) Page: Errors (critical)"]


def test_it_is_given_up_when_hopeless_or_after_an_hour(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    def hopeless(message: Message) -> None:
        raise NotSent("no such mailbox", final=True)

    memory.then = hopeless
    deliver(box)
    assert (one().outcome, one().attempts) == ("failed", 1)
    assert "could not reach Ann by email: no such mailbox" in timeline.of(paged).last().says  # type: ignore[union-attr]


def test_after_an_hour_it_is_given_up(paged: Page, box: Outbox, memory: Memory) -> None:
    def refuse(message: Message) -> None:
        raise NotSent("connection refused")

    memory.then = refuse
    deliver(box)
    deliver(box, 61)
    assert one().outcome == "failed"


def test_a_fault_of_a_channel_is_survived(
    paged: Page, box: Outbox, memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(message: Message) -> None:
        raise UnicodeError("label too long")

    memory.then = fault
    deliver(box)
    assert "label too long" in one().error
    assert "Sending by email failed" in caplog.text
    memory.then = lambda message: None
    deliver(box, 1)
    assert [message.repeat for message in memory.sent] == [True]


def test_a_secret_that_cannot_be_opened_fails_alone(
    policy: EscalationPolicy, fire: Fire, ann: Person, reach: Callable[..., ContactMethod]
) -> None:
    memory = Memory()
    broken = reach(ann, "webhook", "https://hook.example/broken")
    ContactMethod.objects.filter(pk=broken.pk).update(signing_secret="not sealed")
    reach(ann, "webhook", "https://hook.example/good")
    fire()
    tick(0)
    deliver(Outbox("webhook", lambda: memory))
    assert [message.to for message in memory.sent] == ["https://hook.example/good"]
    assert Delivery.objects.get(method=broken).outcome == "failed"


def test_an_answered_page_is_not_sent_any_more(
    paged: Page, box: Outbox, memory: Memory, ann: Person
) -> None:
    acts.acknowledge.perform(ann, paged)
    deliver(box)
    assert memory.sent == []
    assert one().outcome == "dropped"


def test_a_removed_address_is_not_used(paged: Page, box: Outbox, memory: Memory) -> None:
    ContactMethod.objects.update(removed_at=T0)
    deliver(box)
    assert (memory.sent, one().outcome) == ([], "dropped")


def test_the_end_is_told_once(paged: Page, box: Outbox, memory: Memory) -> None:
    deliver(box)
    at(2)
    resolve(paged.alert)
    tick(2)
    deliver(box, 2)
    assert [message.subject for message in memory.sent] == [
        "Page: Errors (critical)", "Resolved: Errors (critical)"
    ]  # fmt: skip
    assert "fired for 2 min" in memory.sent[1].text


def test_a_worker_killed_after_sending_leaves_a_repeat_for_the_next(
    paged: Page, box: Outbox, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(box, "_finish", lambda now: 0)
        box.tick(T0)  # sent, and never marked done: the worker is gone
    other = Outbox("email", lambda: memory)
    deliver(other, (LEASE / 2) / MINUTE)
    assert len(memory.sent) == 1  # the lease still holds
    deliver(other, (LEASE * 2) / MINUTE)
    first, second = memory.sent
    assert (first.repeat, second.repeat) == (False, True)
    assert first.key == second.key
    assert box.drain(T0 + LEASE) == 1  # it was only slow: what it says changes nothing
    assert (one().outcome, one().repeat) == ("sent", True)


def test_a_lease_is_renewed_while_a_message_is_under_way(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    hang = threading.Event()

    def wait(message: Message) -> None:
        hang.wait(10)

    memory.then = wait
    other = Outbox("email", lambda: memory)
    try:
        for second in range(60):
            when = at(second / 60)
            box.tick(when)
            assert other.tick(when) == 0
    finally:
        hang.set()
    deliver(box, 1)
    assert len(memory.sent) == 1


def test_a_receiver_that_hangs_holds_up_no_other(
    policy: EscalationPolicy, fire: Fire, box: Outbox, memory: Memory
) -> None:
    hang = threading.Event()

    def slow(message: Message) -> None:
        if "Slow" in message.subject:
            hang.wait(10)

    memory.then = slow
    fire("Slow")
    tick(0)
    box.tick(T0)
    for number in range(20):
        fire(f"E{number}")
    tick(0)
    try:
        while len(memory.sent) < 20:
            box.tick(T0)
    finally:
        hang.set()
    deliver(box)
    assert len(memory.sent) == 21


def test_an_answer_is_not_lost_while_the_database_is_away(
    paged: Page, box: Outbox, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(box, "_end", away)
        with pytest.raises(OperationalError):
            box.tick(T0)
    deliver(box)
    assert (len(memory.sent), one().outcome) == (1, "sent")


def test_what_an_operator_has_to_mend(
    paged: Page, box: Outbox, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "OUTBOXES", [box])
    at(0)
    assert list(health.problems()) == []
    at(2)
    memory.check = lambda: "Set the mail server."  # type: ignore[method-assign]
    told = [problem.what for problem in health.problems()]
    assert told == ["Set the mail server.", "1 messages wait to be sent"]
    ContactMethod.objects.update(removed_at=T0)
    assert "reaches nobody" in [problem.what for problem in health.problems()]


def test_webhooks_carry_data(
    policy: EscalationPolicy, fire: Fire, ann: Person, reach: Callable[..., ContactMethod]
) -> None:
    memory = Memory()
    reach(ann, "webhook", "https://hook.example/x")
    alert = fire()
    tick(0)
    deliver(Outbox("webhook", lambda: memory))
    (message,) = memory.sent
    assert message.to == "https://hook.example/x"
    assert message.data["type"] == "page.sent"
    assert message.data["data"]["alert"]["id"] == alert.pk
    assert message.data["data"]["person"] == "ann"
    assert message.at - T0 < timedelta(seconds=1)


def test_a_clock_that_was_put_back_holds_up_nothing(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    deliver(box, -60)
    assert len(memory.sent) == 1


def test_a_lease_of_a_clock_that_was_put_back_is_over(
    paged: Page, box: Outbox, memory: Memory
) -> None:
    Delivery.objects.update(worker="killed", lease_until=T0 + LEASE, begun_at=T0, attempts=1)
    deliver(box, -60)
    assert [message.repeat for message in memory.sent] == [True]


@pytest.mark.parametrize("final", [True, False])
def test_the_address_that_a_server_repeats_is_not_kept(
    paged: Page, box: Outbox, memory: Memory, final: bool
) -> None:
    def refuse(message: Message) -> None:
        raise NotSent(f"550 <{message.to.upper()}>: no such mailbox", final=final)

    memory.then = refuse
    deliver(box)
    assert one().error == "550 <(the address)>: no such mailbox"
    assert "ann@" not in " ".join(entry.says for entry in timeline.of(paged)).lower()
