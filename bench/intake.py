"""Alert intake under a storm: alerts taken in a second, and what it does to other writers.

    uv run python bench/intake.py [--seconds 10] [--senders 16] [--alerts 20]

Several threads send as fast as they are acknowledged, through the same code as the web process,
into a fresh database (SQLite with synchronous=FULL, or `DATABASE_URL`). Beside them two other
processes commit one small row at a time, as paging does, and time each commit.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles


def set_up(folder: str) -> None:
    os.environ["WATCHBILL_DATA"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "watchbill.settings"
    Path(folder, "secret-key").write_text("a key for this benchmark only")
    import django

    django.setup()


def write_beside(folder: str, seconds: float) -> None:
    """Commit one row at a time; print the milliseconds that each took as JSON."""
    set_up(folder)
    from django.db import transaction

    from watchbill.web.live import publish

    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.perf_counter()
        with transaction.atomic():
            publish("bench")
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.02)
    print(json.dumps(took))


def body(sender: int, turn: int, alerts: int) -> bytes:
    """What Prometheus would post; made beforehand, since senders are other machines."""
    return json.dumps(
        [
            {
                "labels": {
                    "alertname": "Storm", "severity": "warning", "job": "bench",
                    "instance": f"host-{sender}-{turn * alerts + each}",
                },
                "annotations": {"summary": "too much of everything, everywhere"},
                "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
            }
            for each in range(alerts)
        ]
    ).encode()  # fmt: skip


def storm(folder: str, seconds: float, senders: int, alerts: int) -> None:
    set_up(folder)
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0, interactive=False)
    from watchbill.alerts import intake
    from watchbill.alerts.models import Alert, Change
    from watchbill.lib import clock
    from watchbill.people.models import Person, Token

    person = Person.objects.create(username=f"bench{os.getpid()}", password="!")
    token = Token.objects.create(
        kind="source", person=person, name="bench", sha256=f"{os.getpid()}", scopes=["alerts"]
    )
    beside = [
        subprocess.Popen(
            [sys.executable, __file__, "--beside", folder, "--seconds", str(seconds)],
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    time.sleep(2)  # until they write
    stop, taken, waits = threading.Event(), [0] * senders, []

    bodies = [[body(sender, turn, alerts) for turn in range(250)] for sender in range(senders)]

    def send(number: int) -> None:
        turn = 0
        while not stop.is_set():
            begun = time.perf_counter()
            raw = bodies[number][turn % 250]
            intake.WRITER.put(intake.read(raw, token.pk, clock.now()))
            waits.append((time.perf_counter() - begun) * 1000)
            taken[number] += alerts
            turn += 1

    threads = [threading.Thread(target=send, args=(n,), daemon=True) for n in range(senders)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds - 3)
    stop.set()
    for thread in threads:
        thread.join(30)
    length = time.perf_counter() - begun
    took = [ms for process in beside for ms in json.loads(process.communicate()[0])]
    print(
        f"{connection.vendor}: {sum(taken) / length:,.0f} alerts/s from {senders} senders of "
        f"{alerts}; acknowledged in p50 {quantiles(waits, n=100)[49]:.0f} ms, "
        f"p99 {quantiles(waits, n=100)[98]:.0f} ms; {Alert.objects.count():,} rows, "
        f"{Change.objects.count():,} changes"
    )
    print(
        f"other writers: {len(took)} commits, p50 {quantiles(took, n=100)[49]:.1f} ms, "
        f"p99 {quantiles(took, n=100)[98]:.1f} ms, longest {max(took):.1f} ms (aim: p99 <= 100 ms)"
    )


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("--seconds", type=float, default=10)
    given.add_argument("--senders", type=int, default=16)
    given.add_argument("--alerts", type=int, default=20)
    given.add_argument("--beside", default="", help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.beside:
        write_beside(asked.beside, asked.seconds)
        return
    with tempfile.TemporaryDirectory(prefix="watchbill-bench-") as folder:
        storm(folder, asked.seconds, asked.senders, asked.alerts)


if __name__ == "__main__":
    main()
