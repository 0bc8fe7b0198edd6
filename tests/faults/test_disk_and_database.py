"""A full disk, a database that goes away: refused so that senders retry, shown, and recovered."""

import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.faults.house import House, came_in, lived_in
from tests.faults.kept import Database
from tests.faults.postgres import cluster
from tests.faults.senders import Acts, Alerts, Sender
from tests.processes.installation import until

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
PATIENCE = 120.0
AWAY = 10.0  # seconds


# ── a full disk ──


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 256 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "watchbill-test", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip(f"A full disk cannot be tried: mount says {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Use up what is left."""
    with (disk / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
        while True:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while ballast.write(bytes(size)):
                        pass
            break


def test_a_full_disk(disk: Path) -> None:
    with lived_in(disk / "data") as house:
        alerts, acts, samples = senders = house.senders()
        before = house.state()
        assert "disk is full" not in house.health().text

        def full_for(sender: Sender) -> bool:
            fill(disk)
            return sender.refusal is not None

        for sender in senders:
            until(f"{sender.name} are refused", lambda s=sender: full_for(s), PATIENCE)
        check_refusals(alerts, acts)
        check_refusal(samples)
        page = house.health()
        assert page.status_code == 200
        assert "disk is full" in page.text
        assert "refuses samples" in page.text

        (disk / "ballast").unlink()
        check_it_goes_on(house, senders)
        assert "disk is full" not in house.health().text
        assert house.state() == before  # nobody was started again
        database = Database(house.data)
        check_kept(
            alerts, acts,
            database.rows("SELECT name, state FROM alerts_alert"),
            database.rows("SELECT id FROM acts_entry WHERE state = 'done'"),
        )  # fmt: skip
        assert samples.values <= samples.stored()


# ── a database that goes away ──


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_goes_away(tmp_path: Path, mode: str) -> None:
    with cluster() as postgres, lived_in(tmp_path / "data", DATABASE_URL=postgres.url) as house:
        alerts, acts, samples = senders = house.senders()
        before = house.state()

        postgres.stop(mode)
        for sender in (alerts, acts):
            until(f"{sender.name} are refused", lambda s=sender: s.refusal is not None, PATIENCE)
        check_refusals(alerts, acts)
        page = house.health()
        assert page.status_code == 503
        assert "database cannot be reached" in page.text
        ready = httpx.get(f"{house.url}/readyz", timeout=30)
        assert (ready.status_code, ready.text) == (503, "the database does not answer\n")
        written = came_in(samples)
        time.sleep(AWAY)  # until everybody has tried in vain more than once
        assert came_in(samples) > written + 5  # telemetry goes on without it

        postgres.start()
        check_it_goes_on(house, senders)
        assert house.state() == before
        with psycopg.connect(postgres.url) as connection:
            check_kept(
                alerts, acts,
                connection.execute("SELECT name, state FROM alerts_alert").fetchall(),
                connection.execute("SELECT id FROM acts_entry WHERE state = 'done'").fetchall(),
            )  # fmt: skip
        assert samples.values <= samples.stored()


def test_serve_waits_for_its_database(tmp_path: Path) -> None:
    with cluster() as postgres:
        postgres.stop("fast")
        house = House(tmp_path / "data", DATABASE_URL=postgres.url)
        try:
            house.start()
            said = "The database does not answer; again in"
            until("it says what it waits for", lambda: said in house.log(), PATIENCE)
            postgres.start()
            until("it is ready", house.answers, PATIENCE)
            assert house.stop(20) == 0
        finally:
            house.clear_away()


# ── what both must do ──


def check_refusals(alerts: Alerts, acts: Acts) -> None:
    """Senders are told to come again, people what is wrong."""
    check_refusal(alerts)
    check_refusal(acts)
    assert acts.refusal is not None
    assert acts.refusal.json()["error"].keys() >= {"what", "hint"}


def check_refusal(sender: Sender) -> None:
    assert sender.refusal is not None
    assert sender.refusal.status_code == 503
    assert int(sender.refusal.headers["Retry-After"]) > 0
    assert "Traceback" not in sender.refusal.text
    assert "django" not in sender.refusal.text


def check_it_goes_on(house: House, senders: Iterable[Sender]) -> None:
    """Everything that is sent is taken again, and a page is delivered; then the senders end."""
    mails = len(house.inbox.mail)
    marks = [(sender, came_in(sender)) for sender in senders]
    for sender, mark in marks:
        until(f"{sender.name} come in again", lambda s=sender, m=mark: came_in(s) > m + 5, PATIENCE)
    until("pages are sent again", lambda: len(house.inbox.mail) > mails, PATIENCE)
    until("nothing is wrong any more", lambda: "failing" not in house.health().text, PATIENCE)
    for sender in senders:
        sender.finish()


def check_kept(
    alerts: Alerts, acts: Acts, states: list[tuple[str, str]], entries: list[tuple[int]]
) -> None:
    certain = {name: state for name, state in alerts.state.items() if name not in alerts.doubtful}
    assert certain.items() <= dict(states).items()
    assert acts.rows.keys() <= {number for (number,) in entries}
