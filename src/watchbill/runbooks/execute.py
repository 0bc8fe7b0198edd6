"""Does the steps that are the machine's: claims queued rows, runs them, stores what came of it.

A row is claimed by a conditional update and held by a lease that is renewed while the work goes on.
When the work process is killed the lease runs out, and the row is marked interrupted: a command or
request may have taken effect, so nothing is repeated by itself. A check has no effect and is asked
again.
"""

import json
import math
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
from django.db import transaction
from django.db.models import F

from watchbill import prometheus
from watchbill.acts import record
from watchbill.lib import clock, lifeline
from watchbill.people.models import Person
from watchbill.prometheus import NoAnswer, QueryFunc, Sample
from watchbill.runbooks import shows
from watchbill.runbooks.acts import advance
from watchbill.runbooks.commands import Allowed, NotAllowed, allowed
from watchbill.runbooks.models import Execution, Run
from watchbill.runbooks.procedure import Check, Command, Doing, Http
from watchbill.web.live import publish

State = Execution.State
LEASE = timedelta(seconds=10)
BEAT = 1.0  # seconds between two renewals
LOOK_AGAIN = timedelta(seconds=5)  # between two readings of a check
ANSWER_WITHIN = 10.0  # seconds that a check gives telemetry
MOST_OUTPUT = 64 * 1024  # bytes
UNKNOWN = "it is unknown whether it took effect"
CHILD = Path(__file__).with_name("child.py")
ASK: QueryFunc = partial(prometheus.query, within=ANSWER_WITHIN)


@dataclass(frozen=True)
class Ended:
    """What came of an execution: its state, one sentence, and the output."""

    state: Execution.State
    result: str
    output: str = ""


def tick(now: datetime, query: QueryFunc = ASK) -> int:
    """Mark what was cut off, then do the next step that waits; how many rows went on."""
    return _cut_off(now) + _do_next(now, query)


def _cut_off(now: datetime) -> int:
    lost = Execution.objects.filter(state=State.RUNNING, lease_until__lt=now).order_by("pk")
    return sum(_lose(execution, now) for execution in lost)


def _lose(execution: Execution, now: datetime) -> int:
    if isinstance(_doing(execution), Check):
        return Execution.objects.filter(
            pk=execution.pk, state=State.RUNNING, lease_until__lt=now
        ).update(state=State.QUEUED)
    why = f"the work process stopped while it was under way: {UNKNOWN}"
    return _end(execution, Ended(State.INTERRUPTED, why))


def _do_next(now: datetime, query: QueryFunc) -> int:
    waiting = Execution.objects.filter(state=State.QUEUED, due_at__lte=now).order_by("due_at", "pk")
    execution = waiting.select_related("run").first()
    if execution is None:
        return 0
    do = _doing(execution)
    lease = LEASE + timedelta(seconds=do.timeout if isinstance(do, Http) else 0)
    deadline = execution.deadline
    if isinstance(do, Check):
        lease += timedelta(seconds=ANSWER_WITHIN)
        deadline = deadline or now + timedelta(seconds=do.within)
    with transaction.atomic():
        claimed = Execution.objects.filter(pk=execution.pk, state=State.QUEUED).update(
            state=State.RUNNING, lease_until=now + lease, deadline=deadline,
            begun_at=execution.begun_at or now,
        )  # fmt: skip
        if not claimed:
            return 1  # somebody else has it; look for another
        publish(execution.run.ref)
    execution.deadline = deadline
    if isinstance(do, Check):
        return _check(execution, do, query)
    assert isinstance(do, Command | Http)
    ended = _command(execution, do) if isinstance(do, Command) else _http(execution, do)
    _end(execution, ended)
    return 1


def _doing(execution: Execution) -> Doing:
    do: Doing = msgspec.convert(execution.exact, Doing)
    return do


def _end(execution: Execution, ended: Ended) -> int:
    """Store the result and let the run go on, unless it was halted meanwhile."""
    now = clock.now()
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=execution.run_id)
        Execution.objects.filter(pk=execution.pk).update(output=ended.output)
        stored = Execution.objects.filter(pk=execution.pk, state=State.RUNNING).update(
            state=ended.state, result=ended.result[:500], ended_at=now, lease_until=None
        )
        if not stored:
            return 0
        step = run.steps[execution.step - 1]
        if ended.state == State.SUCCEEDED:
            advance(run)
        Run.objects.filter(pk=run.pk).update(version=F("version") + 1)
        record.machine(
            "runbooks.step_ended", run, by=_machine(), area=run.area, armed_by=execution.by,
            says=f"Step {execution.step} “{step.title}” {ended.state}: {ended.result}",
            facts={"execution": execution.pk, "step": execution.step, "state": ended.state},
            shows=shows.of_machines_step(run, execution, ended.state),
        )  # fmt: skip
    return 1


def _machine() -> Person:
    return Person.objects.get_or_create(
        username="watchbill", defaults={"name": "Watchbill", "automation": True}
    )[0]


# Checks


def _check(execution: Execution, do: Check, query: QueryFunc) -> int:
    try:
        samples = query(do.expression)
        shown = "; ".join(map(str, samples[:5])) or "no result"
        passed, found = holds(samples), shown
    except NoAnswer as error:
        passed, found = False, str(error)
    now = clock.now()
    if passed:
        return _end(execution, Ended(State.SUCCEEDED, f"holds: {found}"))
    if execution.deadline is None or now >= execution.deadline:
        return _end(execution, Ended(State.FAILED, f"does not hold: {found}"))
    with transaction.atomic():
        Execution.objects.filter(pk=execution.pk, state=State.RUNNING).update(
            state=State.QUEUED, due_at=now + LOOK_AGAIN, result=f"not yet: {found}"[:500]
        )
        publish(execution.run.ref)
    return 1


def holds(samples: Sequence[Sample]) -> bool:
    """Whether a check with this result passes: something came back, and none of it is zero."""
    return bool(samples) and all(s.value != 0 and not math.isnan(s.value) for s in samples)


# Commands


def _command(execution: Execution, do: Command) -> Ended:
    try:
        entry = allowed(do.argv[0])
    except NotAllowed as error:
        return Ended(State.FAILED, f"not run: {error}")
    if [*entry.argv, *do.argv[1:]] != execution.argv:
        return Ended(State.FAILED, "not run: the allow-list changed after the preview")
    began = time.perf_counter()
    answer = _in_a_child(execution, entry)
    took = f"{time.perf_counter() - began:.1f} s"
    if answer is None:
        return Ended(State.INTERRUPTED, f"cut off after {took}: {UNKNOWN}")
    output = answer["output"] + ("\n… more was written" if answer["more"] else "")
    if answer["why"] == "not started":
        return Ended(State.FAILED, "could not be started", output)
    if answer["why"] == "timeout":
        return Ended(State.FAILED, f"killed after its {entry.timeout:g} s: {UNKNOWN}", output)
    if answer["why"]:
        return Ended(State.INTERRUPTED, f"cut off after {took}: {UNKNOWN}", output)
    status = answer["status"]
    said = f"exit {status}" if status >= 0 else f"ended by signal {-status}"
    return Ended(State.SUCCEEDED if status == 0 else State.FAILED, f"{said} after {took}", output)


def _in_a_child(execution: Execution, entry: Allowed) -> dict[str, Any] | None:
    """The child's answer, or None if it gave none. Raises DatabaseError, having killed it."""
    task = {
        "argv": execution.argv,
        "env": {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            "WATCHBILL_EXECUTION": str(execution.pk),  # the same for ever: good for idempotency
            **entry.env,
        },
        "timeout": entry.timeout,
        "most": MOST_OUTPUT,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True, env={},
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(task).encode() + b"\n")
            child.stdin.flush()
            while not select.select([child.stdout], [], [], BEAT)[0]:
                if lifeline.stopping.is_set() or not _renew(execution):
                    break
        except BrokenPipeError:
            return None
        finally:
            child.stdin.close()  # the lifeline: whatever still runs is killed now
        said = child.stdout.read()
    return json.loads(said) if said else None


def _renew(execution: Execution) -> bool:
    """Hold on to the row; False when it was halted."""
    held = Execution.objects.filter(pk=execution.pk, state=State.RUNNING)
    return bool(held.update(lease_until=clock.now() + LEASE))


# Requests


def _http(execution: Execution, do: Http) -> Ended:
    began = time.perf_counter()
    headers = {"Idempotency-Key": f"watchbill-execution-{execution.pk}", **do.headers}
    body: dict[str, Any] = {"content": do.body} if isinstance(do.body, str) else {"json": do.body}
    try:
        with (
            httpx.Client(timeout=do.timeout, follow_redirects=False, trust_env=False) as client,
            client.stream(
                do.method, do.url, headers=headers, **(body if do.body is not None else {})
            ) as answer,
        ):
            output = _some_of(answer, began + do.timeout)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
        return Ended(State.FAILED, f"could not connect: {error}")
    except httpx.HTTPError as error:
        harmless = do.method in ("GET", "HEAD")
        said = f"no whole answer: {str(error) or type(error).__name__}"
        if harmless:
            return Ended(State.FAILED, said)
        return Ended(State.INTERRUPTED, f"{said}; {UNKNOWN}")
    good = answer.status_code in do.expect if do.expect else answer.is_success
    said = f"{answer.status_code} {answer.reason_phrase}".strip()
    wanted = "" if good else f", expected {', '.join(map(str, do.expect)) or '2xx'}"
    took = f" after {time.perf_counter() - began:.1f} s"
    return Ended(State.SUCCEEDED if good else State.FAILED, said + wanted + took, output)


def _some_of(answer: httpx.Response, until: float) -> str:
    """The beginning of the body, as far as it came in time."""
    kept = bytearray()
    for piece in answer.iter_bytes():
        kept += piece
        if len(kept) >= MOST_OUTPUT or time.perf_counter() > until:
            break
    return bytes(kept[:MOST_OUTPUT]).decode("utf-8", "replace").replace("\x00", "\ufffd")
