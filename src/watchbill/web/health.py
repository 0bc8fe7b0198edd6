"""How Watchbill itself is: for machines at /healthz and /readyz, for people at /settings/health."""

import importlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import path
from django.views.decorators.http import require_safe

from watchbill import prometheus
from watchbill.lib import clock

STALE = timedelta(seconds=60)  # a lane whose tick takes longer than this is shown as stuck
ANSWER_WITHIN = 2.0  # seconds that telemetry is given
LITTLE_DISK, NO_DISK = 1024**3, 1024**2  # bytes
_migrated = False


@dataclass(frozen=True)
class Problem:
    """Something an operator has to mend: where it is, what is wrong, what would help.

    An app reports its own by a function `problems() -> Iterable[Problem]` in its `health.py`.
    """

    where: str
    what: str
    hint: str = ""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers at all: restart it otherwise."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served; 503 with the reasons, one a line, when not."""
    reasons = [problem.what for problem in _database_problems()]
    return HttpResponse(
        "".join(f"{reason}\n" for reason in reasons or ["ready"]),
        status=503 if reasons else 200,
        content_type="text/plain",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: a database that is away or full is 503, so that senders try again.

    People get a page; programs, at the addresses of the API, an error as the API gives it.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return _sorry(request, 500, "500.html", "Something broke in Watchbill", "It is in the log.")
    connection.close()
    full = any(words in str(error) for words in ("full", "No space left"))
    reason = "The disk is full" if full else "The database cannot be reached, or it is overloaded"
    answer = _sorry(request, 503, "web/away.html", reason, "Nothing was done. Try again later.")
    answer.headers["Retry-After"] = "10"
    return answer


def _sorry(
    request: HttpRequest, status: int, template: str, reason: str, hint: str
) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": {"what": f"{reason}.", "hint": hint}}, status=status)
    return HttpResponse(render_to_string(template, {"reason": reason}), status=status)


@require_safe
@login_required
def health(request: HttpRequest) -> HttpResponse:
    """Processes and their restarts, lanes, telemetry, database, disk, and what is wrong."""
    processes, lanes = _processes(), _lanes()
    telemetry, away = _telemetry()
    disk = shutil.disk_usage(settings.DATA)
    problems = [
        *(Problem(p.name, f"is not running: {p.last_exit}") for p in processes if not p.pid),
        *(Problem(f"lane {lane.name}", lane.trouble) for lane in lanes if lane.trouble),
        *([Problem("telemetry", away, "Rules stay unknown until it answers.")] if away else []),
        *_telemetry_problems(telemetry),
        *_database_problems(),
        *_disk_problems(disk.free),
        *_app_problems(),
    ]
    return render(
        request,
        "web/health.html",
        {
            "problems": problems,
            "processes": processes,
            "lanes": lanes,
            "telemetry": telemetry,
            "telemetry_away": away,
            "telemetry_url": settings.TELEMETRY_URL,
            "database": connection.vendor,
            "database_ms": _database_ms(),
            "database_bytes": _database_bytes(),
            "data": settings.DATA,
            "disk": disk,
        },
    )


@dataclass(frozen=True)
class Process:
    """A process under the supervisor; `pid` is None while it is down."""

    name: str
    pid: int | None
    since: datetime
    restarts: int
    last_exit: str


@dataclass(frozen=True)
class Lane:
    """A lane of the `work` process: what it does since when, and what is wrong with it."""

    name: str
    doing: str
    since: datetime
    advanced: int
    trouble: str


def _processes() -> list[Process]:
    """Empty when this process was not started by `watchbill serve`."""
    state = _read(settings.DATA / "run" / "supervisor.json")
    return [
        Process(
            name, at["pid"], datetime.fromisoformat(at["since"]), at["restarts"], at["last_exit"]
        )
        for name, at in state.get("processes", {}).items()
    ]


def _lanes() -> list[Lane]:
    state = _read(settings.DATA / "run" / "work.json")
    if not state:
        return []
    said = datetime.fromisoformat(state["at"])
    return [_lane(name, at, said) for name, at in state["lanes"].items()]


def _lane(name: str, at: dict[str, Any], said: datetime) -> Lane:
    since, trouble = datetime.fromisoformat(at["since"]), at["error"]
    if clock.now() - said > STALE:
        trouble = f"the work process has said nothing since {said:%H:%M:%S} UTC"
    elif at["doing"] and clock.now() - since > STALE:
        trouble = f"{at['doing']} has not come back since {since:%H:%M:%S} UTC"
    return Lane(name, at["doing"], since, at["advanced"], trouble)


def _read(file: Path) -> dict[str, Any]:
    try:
        state = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _telemetry() -> tuple[dict[str, Any], str]:
    """What the engine says about itself, and what is wrong when it does not answer.

    A Prometheus-compatible cluster has no such page; it is asked for a constant instead.
    """
    try:
        if settings.TELEMETRY_EMBEDDED:
            page = "status/watchbill"
            said = prometheus.fetch(page, dict[str, Any], method="GET", within=ANSWER_WITHIN)
            return said, ""
        prometheus.query("1", within=ANSWER_WITHIN)
    except prometheus.NoAnswer as error:
        return {}, f"is away: {error}"
    return {}, ""


def _telemetry_problems(said: dict[str, Any]) -> Iterator[Problem]:
    """What the embedded engine cannot do. It says nothing of this where it is a cluster."""
    for what in ("samples", "logs"):
        log = said if what == "samples" else said.get("logs", {})
        if why := log.get("walProblem"):
            yield Problem("telemetry", f"refuses {what}: {why}", "Senders are told to try again.")
    if why := said.get("chunks", {}).get("problem"):
        yield Problem("telemetry", f"cannot move data into long-term storage: {why}")
    for loss in said.get("chunks", {}).get("lost", ()):
        yield Problem("telemetry", f"lost samples: {loss}", "The rest is whole and is served.")


def _database_problems() -> Iterator[Problem]:
    try:
        waiting = _migrations_waiting()
    except DatabaseError as error:
        connection.close()
        yield Problem("database", "the database does not answer", str(error).strip())
        return
    if waiting:
        yield Problem(
            "database",
            f"the database is {waiting} migrations behind this version",
            "Run `watchbill migrate`.",
        )


def _migrations_waiting() -> int:
    """How many migrations the database lacks. It never falls back, so a zero is remembered."""
    global _migrated
    if _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return 0
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _migrated = waiting == 0
    return waiting


def _disk_problems(free: int) -> Iterator[Problem]:
    if free < NO_DISK:
        yield Problem(
            "disk",
            f"the disk is full where {settings.DATA} is: alerts, metrics and acts are refused",
            "Make room: everything goes on by itself, and senders try again.",
        )
    elif free < LITTLE_DISK:
        yield Problem(
            "disk",
            f"{free // 1024**2} MB are left where {settings.DATA} is",
            "Make room, or keep metrics and logs for a shorter time.",
        )


def _app_problems() -> Iterator[Problem]:
    for app in settings.INSTALLED_APPS:
        if app.startswith("watchbill.") and app != "watchbill.web" and find_spec(f"{app}.health"):
            yield from importlib.import_module(f"{app}.health").problems()


def _database_ms() -> float | None:
    """How long a trivial query takes, in milliseconds; None when the database is away."""
    begun = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return None
    return (time.perf_counter() - begun) * 1000


def _database_bytes() -> int | None:
    if connection.vendor != "sqlite":
        return None
    file = Path(connection.settings_dict["NAME"])
    return file.stat().st_size if file.exists() else None


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("settings/health", health, name="health"),
]
