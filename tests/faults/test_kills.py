"""kill -9 of every process alone, the supervisor too, while alerts, acts, samples and pages flow.

Each is killed twice here; `KILLS=10 pytest tests/faults/test_kills.py -s` is the full run, which
takes some ten minutes.
"""

import fcntl
import os
import random
import socket
import time
from pathlib import Path

import httpx
import pytest
from tests.faults.kept import Database, received, unmarked
from tests.faults.senders import Acts, Alerts, Samples, Sender
from tests.processes.installation import until
from tests.walks.demo import Demo, running

from watchbill.demo.place import SERVICES, Place

pytestmark = [pytest.mark.server, pytest.mark.timeout(3600)]
TIMES = int(os.environ.get("KILLS", "2"))
NAMES = ("telemetry", "web", "work", "demo", "supervisor")
THINKS = 0.8  # seconds that the webhook takes, so that kills hit pages that are being sent
COMES_BACK = 90.0  # seconds; far more than it takes, on a machine that does other things too


def test_nothing_acknowledged_is_lost_however_often_we_are_killed(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        demo.hook.thinks = THINKS
        senders = _senders(demo)
        for sender in senders:
            sender.start()
        took = _kill_everything(demo)
        for sender in senders:
            sender.finish()
        alerts, acts, samples = senders
        database = Database(demo.data)
        until("everything was processed and sent", database.settled, 180)
        _check_alerts(database, alerts)
        _check_acts(database, acts)
        assert samples.values <= samples.stored(), samples.values - samples.stored()
        _check_pages(database, demo, alerts)
        ports = _ports(demo)
        assert demo.stop(20) == 0
        _check_nothing_is_left(demo, ports)
        _report(took, senders, database, demo)


def _senders(demo: Demo) -> tuple[Alerts, Acts, Samples]:
    """An incident to write notes about, an example that is broken, the senders' tokens."""
    lead, associate = demo.token("lead"), demo.token("associate")
    with httpx.Client(base_url=f"{demo.url}/api/v1", timeout=30) as http:

        def act(token: str, what: str, on: str, **given: object) -> dict[str, dict[str, str]]:
            headers = {"Authorization": f"Bearer {token}"}
            answer = http.post(f"/acts/{what}", json={"on": on, **given}, headers=headers)
            assert answer.status_code == 200, answer.text
            done: dict[str, dict[str, str]] = answer.json()
            return done

        def source(name: str, scopes: list[str]) -> str:
            made = act(lead, "accounts.add_source", "people.house:1", name=name, scopes=scopes)
            return made["once"]["token"]

        to_alert, to_write = source("alerts", ["alerts"]), source("samples", ["write", "query"])
        act(associate, "accounts.add_contact", "people.person:associate",
            kind="webhook", address=demo.hook.url)  # fmt: skip
        act(associate, "incidents.declare", "people.house:1", title="Everything is killed")
        act(lead, "demo.break_it", "people.house:1", fault="errors")
    return Alerts(demo, to_alert), Acts(demo, associate, "associate"), Samples(demo, to_write)


def _kill_everything(demo: Demo) -> dict[str, list[float]]:
    """Kill each process `TIMES` times, at odd moments; the seconds until everything answered."""
    took: dict[str, list[float]] = {name: [] for name in NAMES}
    odd = random.Random(7)
    for _ in range(TIMES):
        for name in NAMES:
            time.sleep(odd.uniform(0.5, 4.0))
            killed = time.monotonic()
            if name == "supervisor":
                _kill_supervisor(demo)
            else:
                _kill(demo, name)
            until(f"everything answers after {name} was killed",
                  lambda: demo.answers() and _example_answers(demo), COMES_BACK)  # fmt: skip
            took[name].append(time.monotonic() - killed)
    return took


def _kill(demo: Demo, name: str) -> None:
    pid = demo.pid(name)
    assert pid
    others = {other: demo.pid(other) for other in demo.state() if other != name}
    os.kill(pid, 9)
    until(f"{name} runs again", lambda: demo.pid(name) not in (pid, None), COMES_BACK)
    assert {other: demo.pid(other) for other in others} == others


def _kill_supervisor(demo: Demo) -> None:
    """The next `serve` starts at once, while what the killed one had started still ends."""
    assert demo.process
    assert demo.process.stdout
    demo.process.kill()
    demo.process.wait()
    demo.process.stdout.close()
    demo.serve()


def _example_answers(demo: Demo) -> bool:
    ports = Place.under(demo.data).ports()
    return all(_listens(ports[service]) for service in SERVICES)


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


# ── what must be there ──


def _check_alerts(database: Database, alerts: Alerts) -> None:
    there = dict(database.rows("SELECT name, state FROM alerts_alert WHERE name LIKE 'Kill%'"))
    certain = {name: state for name, state in alerts.state.items() if name not in alerts.doubtful}
    assert certain.items() <= there.items(), sorted(certain.items() - there.items())[:10]
    twice = database.rows(
        "SELECT name, after, count(*) FROM alerts_change JOIN alerts_alert a ON a.id = alert_id"
        " WHERE name LIKE 'Kill%' GROUP BY name, after HAVING count(*) > 1"
    )
    assert twice == []  # what was sent again because its answer was lost is no new occurrence


def _check_acts(database: Database, acts: Acts) -> None:
    there = {
        number: (kind, subject)
        for number, kind, subject in database.rows(
            "SELECT id, kind, subject FROM acts_entry WHERE state = 'done'"
        )
    }
    assert acts.rows.items() <= there.items(), sorted(acts.rows.items() - there.items())[:10]
    notes = database.count("incidents_note")
    entries = database.count("acts_entry WHERE kind = 'incidents.note' AND state = 'done'")
    assert notes == entries  # the deed and its row, both or neither


def _check_pages(database: Database, demo: Demo, alerts: Alerts) -> None:
    called = {name for (name,) in database.rows(
        "SELECT DISTINCT a.name FROM paging_page p JOIN paging_escalation e"
        " ON e.id = p.escalation_id JOIN alerts_alert a ON a.id = e.alert_id"
    )}  # fmt: skip
    assert alerts.paging <= called, alerts.paging - called
    assert database.rows(  # a step is taken once
        "SELECT escalation_id, taken, person_id FROM paging_page WHERE handed_from_id IS NULL"
        " GROUP BY 1, 2, 3 HAVING count(*) > 1"
    ) == []  # fmt: skip
    assert database.rows(  # by every way that the person has
        "SELECT p.id FROM paging_page p WHERE (SELECT count(*) FROM paging_delivery d"
        " WHERE d.page_id = p.id AND d.kind = 'page') <> (SELECT count(*) FROM"
        " people_contactmethod m WHERE m.person_id = p.person_id)"
    ) == []  # fmt: skip
    arrived = received(demo)
    for number, channel, kind, outcome, state in database.rows(
        "SELECT page_id, channel, d.kind, outcome, state FROM paging_delivery d"
        " JOIN paging_page p ON p.id = page_id"
    ):
        if outcome == "sent":
            assert (str(number), kind) in arrived[channel], (number, channel, kind)
        else:
            assert (outcome, kind) == ("dropped", "page"), (number, channel, outcome)
            assert state in ("acknowledged", "ended"), (number, state)
    for channel, copies in arrived.items():
        assert unmarked(copies) == [], channel


def _ports(demo: Demo) -> list[int]:
    return [demo.web, demo.telemetry, *Place.under(demo.data).ports().values()]


def _check_nothing_is_left(demo: Demo, ports: list[int]) -> None:
    assert demo.processes() == []
    assert [port for port in ports if _listens(port)] == []
    for lock in (demo.data / "run" / "lock", demo.data / "telemetry" / "lock"):
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _report(
    took: dict[str, list[float]], senders: tuple[Sender, ...], database: Database, demo: Demo
) -> None:
    alerts, acts, samples = senders
    assert isinstance(alerts, Alerts)
    assert isinstance(acts, Acts)
    assert isinstance(samples, Samples)
    print()
    for name, times in took.items():
        print(f"{name} killed {len(times)} times: all answered after {min(times):.1f} to "
              f"{max(times):.1f} s")  # fmt: skip
    print(f"alerts acknowledged {len(alerts.state)}, of them pages {len(alerts.paging)}")
    print(f"acts acknowledged {len(acts.rows)}, samples acknowledged {len(samples.values)}")
    print("requests without an answer, or told to try again: "
          + ", ".join(f"{sender.name} {sender.unanswered}" for sender in senders))  # fmt: skip
    outcomes = dict(database.rows("SELECT outcome, count(*) FROM paging_delivery GROUP BY 1"))
    print(f"pages {database.count('paging_page')}, deliveries by outcome {outcomes}")
    for channel, copies in received(demo).items():
        again = sum(len(marks) - 1 for marks in copies.values())
        marked = sum(sum(marks) for marks in copies.values())
        print(f"{channel}: {sum(map(len, copies.values()))} received, {again} came again, "
              f"{marked} marked as a repeat")  # fmt: skip
