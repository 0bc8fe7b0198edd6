"""How fast the first page and an incident's room are with two years of rows behind them.

    uv run python bench/pages.py [--requests 200] [--incidents 10000] [--acts 200000] [--asks 2]

Fills a fresh SQLite database, or a new one on the PostgreSQL server that DATABASE_URL names (it is
dropped afterwards), starts `watchbill web` alone and asks for the pages as a signed-in person over
one kept connection. The queries of each page are counted on the same rows, and the processor time
that the web process took for a page is told too, because it depends less on what else the machine
does. Figures are printed beside the load, and written to bench/out/pages-DATABASE.json.

--folder keeps the filled SQLite database in a folder, where a second run finds it.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from memory import free_port, memory

if TYPE_CHECKING:
    from dataset import Made

WARM_UP = 20
OUT = Path(__file__).parent / "out"
AIMS = {"now": (50, 100), "room": (50, 100), "long room": (50, 100)}  # median, p95 in ms
AIM_BUNDLE = 150_000  # bytes, compressed


@contextmanager
def database(url: str) -> Iterator[str]:
    """A database of its own on the server of `url`."""
    import psycopg

    name = f"watchbill_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up(folder: str, url: str) -> None:
    """Make this process and those it starts belong to the installation in `folder`."""
    for name in [name for name in os.environ if name.startswith("WATCHBILL_")]:
        del os.environ[name]
    os.environ |= {
        "WATCHBILL_DATA": folder,
        "WATCHBILL_LISTEN": f"127.0.0.1:{free_port()}",
        "WATCHBILL_TELEMETRY_LISTEN": f"127.0.0.1:{free_port()}",
        "WATCHBILL_LOG_LEVEL": "warning",
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "watchbill.settings",
    }
    from watchbill.folder import prepare

    prepare(Path(folder))
    import django

    django.setup()


@contextmanager
def web() -> Iterator[tuple[HTTPConnection, "subprocess.Popen[bytes]"]]:
    """`watchbill web`, and a connection to it."""
    host, _, port = os.environ["WATCHBILL_LISTEN"].partition(":")
    server = subprocess.Popen([sys.executable, "-m", "watchbill", "web"])
    try:
        for _ in range(600):
            line = HTTPConnection(host, int(port), timeout=30)
            try:
                line.connect()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield line, server
        line.close()
    finally:
        server.terminate()
        server.wait(10)


def ask(line: HTTPConnection, path: str, cookie: str) -> tuple[float, bytes]:
    """Milliseconds until the whole page is there, and the page."""
    begun = time.perf_counter()
    line.request("GET", path, headers={"Cookie": cookie})
    answer = line.getresponse()
    page = answer.read()
    took = (time.perf_counter() - begun) * 1000
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    return took, page


def bundle() -> int:
    """Bytes of all JavaScript and CSS, compressed: the most that a page can load."""
    from watchbill.web.bundle import DIST

    files = [*DIST.glob("*.js"), *DIST.glob("*.css")]
    return sum(len(gzip.compress(file.read_bytes())) for file in files)


def measure(requests: int, made: "Made") -> dict[str, Any]:
    """The figures of every page, by its name, and of the process that serves them."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(HTTP_HOST="localhost")
    client.force_login(made.reader)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    paths = {
        "now": "/",
        "room": made.room.get_absolute_url(),
        "long room": made.long.get_absolute_url(),
    }
    figures: dict[str, Any] = {
        "database": connection.vendor, "load": round(os.getloadavg()[0], 1), "bundle": bundle(),
    }  # fmt: skip
    with web() as (line, server):
        used = psutil.Process(server.pid).cpu_times
        for name, path in paths.items():
            for _ in range(WARM_UP):
                ask(line, path, cookie)
            before = used()
            asked = [ask(line, path, cookie) for _ in range(requests)]
            cpu = sum(used()[:2]) - sum(before[:2])
            took, page = sorted(ms for ms, _ in asked), asked[0][1]
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            figures[name] = {
                "min": round(took[0], 1),
                "median": round(median(took), 1),
                "p95": round(quantiles(took, n=20)[-1], 1),
                "max": round(took[-1], 1),
                "cpu": round(cpu / requests * 1000, 1),
                "queries": len(queries),
                "html": len(page),
            }
        figures["web_pss_mb"], figures["web_private_mb"] = map(round, memory(server.pid))
    return figures


def report(figures: dict[str, Any], requests: int) -> None:
    print(f"\n{figures['database']}, {requests} requests each, load {figures['load']}")
    print(
        f"{'ms':<12}{'min':>9}{'median':>9}{'p95':>9}{'max':>9}{'cpu':>9}"
        f"{'queries':>9}{'HTML kB':>9}"
    )
    for name, (aim, aim_p95) in AIMS.items():
        it = figures[name]
        print(
            f"{name:<12}{it['min']:>9}{it['median']:>9}{it['p95']:>9}{it['max']:>9}{it['cpu']:>9}"
            f"{it['queries']:>9}{it['html'] / 1000:>9.1f}   aim {aim} / {aim_p95}"
        )
    print(f"JS and CSS: at most {figures['bundle'] / 1000:.1f} kB   aim {AIM_BUNDLE / 1000:.0f}")
    print(f"web: {figures['web_pss_mb']} MB proportional, {figures['web_private_mb']} MB private")


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("--requests", type=int, default=200)
    given.add_argument("--incidents", type=int, default=10_000)
    given.add_argument("--acts", type=int, default=200_000)
    given.add_argument("--asks", type=int, default=2)
    given.add_argument("--folder", default="")
    asked = given.parse_args()
    server = os.environ.get("DATABASE_URL", "")
    with (
        nullcontext(asked.folder)
        if asked.folder
        else tempfile.TemporaryDirectory(prefix="watchbill-bench-") as folder,
        database(server) if server else nullcontext("") as url,
    ):
        set_up(folder, url)
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0, interactive=False)
        from dataset import Size, fill, filled

        begun = time.perf_counter()
        fill(Size(incidents=asked.incidents, acts=asked.acts), asked.asks)
        print(f"filled in {time.perf_counter() - begun:.0f} s")
        figures = measure(asked.requests, filled())
        connection.close()
    report(figures, asked.requests)
    OUT.mkdir(exist_ok=True)
    figures |= vars(asked)
    (OUT / f"pages-{figures['database']}.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
