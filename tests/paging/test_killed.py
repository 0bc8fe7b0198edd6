"""A worker killed with SIGKILL between sending and saying so; and how long a page takes."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import quantiles

import pytest
from django.db import connection

from watchbill.acts.models import Entry
from watchbill.alerts.changes import hand_on
from watchbill.alerts.models import Alert, Change
from watchbill.lib import clock
from watchbill.lib.ticks import Tick
from watchbill.paging import escalate, plan
from watchbill.paging.channels.base import Message
from watchbill.paging.channels.memory import Memory
from watchbill.paging.deliver import LEASE, Outbox
from watchbill.paging.models import Delivery, EscalationPolicy, Page
from watchbill.paging.ticks import TICKS
from watchbill.people.models import ContactMethod, Person
from watchbill.work import Lane

pytestmark = pytest.mark.server


@pytest.fixture
def callable_ann(real_commits: None) -> Person:
    ann = Person.objects.create(username="ann", name="Ann", password="!")
    ContactMethod.objects.create(person=ann, kind="email", address="ann@example.org")
    policy = EscalationPolicy.objects.create(slug="all", name="All", for_rest=True)
    plan.put(policy, plan.parse("ann, wait 5 min"))
    policy.save()
    return ann


def fire(number: int) -> None:
    alert = Alert.objects.create(
        fingerprint=f"f{number}", name="Errors", labels={"n": str(number)}, state="firing",
        starts_at=clock.now(),
    )  # fmt: skip
    hand_on([(alert.pk, "", "firing")])


def test_a_killed_workers_page_comes_again_marked_as_a_repeat(
    callable_ann: Person, memory: Memory, tmp_path: Path
) -> None:
    fire(1)
    now = clock.now()
    escalate.take_changes(now)
    escalate.take_steps(now)
    sent = tmp_path / "sent"
    config = connection.settings_dict
    database = {
        name: str(config[name]) for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")
    }  # fmt: skip
    script = Path(__file__).with_name("worker.py")
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "watchbill.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    worker = subprocess.Popen(
        [sys.executable, str(script), json.dumps(database), str(sent)], env=environment
    )
    try:
        until = time.monotonic() + 60
        while not (sent.exists() and sent.read_text().endswith("\n")):
            assert worker.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        worker.kill()
        worker.wait()
    ((key, repeat),) = map(json.loads, sent.read_text().splitlines())
    began = Delivery.objects.get().lease_until
    assert began is not None
    box = Outbox("email", lambda: memory)
    after = began + LEASE
    while box.tick(after) or box.under_way:
        box.drain(after)
    (message,) = memory.sent
    assert (repeat, message.repeat, message.key) == (False, True, key)
    assert Delivery.objects.get().outcome == "sent"


def test_two_workers_send_each_page_once(callable_ann: Person) -> None:
    """Two of every lane, at the same time, on one database."""
    memory, stop = Memory(), threading.Event()
    for number in range(30):
        fire(number)
    failed: list[BaseException] = []

    def work() -> None:
        box = Outbox("email", lambda: memory)
        try:
            while not stop.is_set():
                now = clock.now()
                if not (escalate.take_changes(now) + escalate.take_steps(now) + box.tick(now)):
                    time.sleep(0.01)
            box.drain(clock.now())
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 60
    while Delivery.objects.filter(outcome="sent").count() < 30 and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    for worker in workers:
        worker.join(30)
    assert failed == []
    assert Page.objects.count() == 30
    assert Entry.objects.filter(kind="paging.paged").count() == 30
    assert len(memory.sent) == len({message.key for message in memory.sent}) == 30
    assert not any(message.repeat for message in memory.sent)


def test_a_page_leaves_within_two_seconds_of_the_change(callable_ann: Person) -> None:
    """The lanes as `work` runs them, from the row `Change` to the channel; p95."""
    arrived: dict[str, float] = {}

    def note(message: Message) -> None:
        arrived[message.data["data"]["alert"]["labels"]["n"]] = clock.seconds()

    memory, stopping = Memory(note), threading.Event()
    box = Outbox("email", lambda: memory)
    steps = [tick for tick in TICKS if tick.lane == "paging"]
    mail = Tick("mail", box.tick, every=0.2, lane="mail")
    lanes = [Lane("paging", steps, stopping), Lane("mail", [mail], stopping)]
    for lane in lanes:
        lane.start()
    try:
        for number in range(40):
            fire(number)
            time.sleep(0.05)
        until = time.monotonic() + 20
        while len(arrived) < 40 and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        stopping.set()
        for lane in lanes:
            lane.join(10)
    took = [
        arrived[change.alert.labels["n"]] - change.at.timestamp()
        for change in Change.objects.select_related("alert")
    ]
    assert len(took) == 40
    assert quantiles(took, n=20)[-1] <= 2.0
    assert Delivery.objects.filter(outcome="sent").count() == 40  # also after a stop
