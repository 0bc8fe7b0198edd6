"""Steps of the machine: really executed, limited, cut off, never repeated by themselves."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest
from tests.prometheus_server import Telemetry, vector
from tests.runbooks.conftest import Publish, gone, one_step

from watchbill.acts import perform, timeline
from watchbill.acts.models import Entry
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.prometheus import QueryFunc, Sample, TelemetryAway
from watchbill.runbooks import acts, execute
from watchbill.runbooks.models import Execution, Run

State = Execution.State
Commands = dict[str, dict[str, object]]
Queue = Callable[[str], Execution]


@pytest.fixture
def queue(publish: Publish, ann: Person, commands: Commands) -> Queue:
    """`queue(block)`: a step with this block waits for the work process."""

    def queue(block: str) -> Execution:
        runbook = publish(one_step(block))
        started = acts.start_run.perform(ann, runbook, runbook="one")
        run = Run.objects.get(pk=int(started.came_of_it["ref"].partition(":")[2]))
        assert acts.run_step.perform(ann, run, step=1).state == Entry.State.DONE
        return run.executions.get()

    return queue


def python(code: str) -> str:
    return f"```command\n- python\n- |\n  {code}\n```"


def work(execution: Execution, query: QueryFunc = execute.ASK) -> Execution:
    """One round of the work process; the row afterwards."""
    execute.tick(clock.now(), query)
    execution.refresh_from_db()
    return execution


def test_a_junior_asks_a_guide_goes_ahead_and_it_really_runs(
    run: Run, jun: Person, ann: Person, commands: Commands
) -> None:
    acts.answer_step.perform(ann, run, step=1, value="web-4")
    run.refresh_from_db()
    asked = acts.run_step.perform(jun, run, step=2)
    assert asked.state == Entry.State.ASKED
    assert asked.came_of_it["effect"][0] == "/bin/echo restarted web-4"
    assert not run.executions.filter(step=2).exists()
    assert execute.tick(clock.now()) == 0

    done = perform.answer(asked.pk, ann, go_ahead=True)
    execution = run.executions.get(step=2)
    assert (done.by, done.guide, execution.by, execution.state) == (jun, ann, jun, State.QUEUED)

    assert execute.tick(clock.now()) == 1
    execution.refresh_from_db()
    run.refresh_from_db()
    assert (execution.state, execution.output) == (State.SUCCEEDED, "restarted web-4\n")
    assert execution.result.startswith("exit 0 after")
    assert run.at_step == 3
    last = timeline.of(run).last()
    assert last is not None
    assert (last.kind, last.armed_by) == ("runbooks.step_ended", jun)
    assert last.says.startswith("Step 2 “Restart it” succeeded: exit 0")
    assert execute.tick(clock.now()) == 0


def test_a_command_that_fails_stays_at_its_step(queue: Queue, ann: Person) -> None:
    execution = work(queue("```command\n[fail]\n```"))
    assert (execution.state, execution.output) == (State.FAILED, "no\n")
    assert execution.result.startswith("exit 3")
    run = execution.run
    run.refresh_from_db()
    assert (run.at_step, run.state) == (1, Run.State.RUNNING)
    assert acts.run_step.perform(ann, run, step=1).state == Entry.State.DONE


def test_a_command_that_takes_too_long_is_killed(queue: Queue) -> None:
    began = time.monotonic()
    execution = work(queue("```command\n[sleep, 60]\n```"))
    assert time.monotonic() - began < 5
    assert execution.state == State.FAILED
    assert "killed after its 1 s" in execution.result


def test_the_environment_is_minimal_and_there_is_no_shell(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "in the environment of the work process")
    execution = queue(python("import os; print(sorted(os.environ), os.getcwd())"))
    names = "['LANG', 'LC_CTYPE', 'PATH', 'REGION', 'WATCHBILL_EXECUTION']"
    assert work(execution).output.replace("'LC_CTYPE', ", "") == (
        names.replace("'LC_CTYPE', ", "") + " /\n"
    )
    assert work(queue("```command\n[say, '$HOME', '; ls']\n```")).output == "$HOME ; ls\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = bytearray(3 * 1024 ** 3)", "MemoryError"),
        ("import tempfile; tempfile.TemporaryFile().truncate(2 ** 40)", ""),
        ("l = [open('/dev/null') for _ in range(300)]", "Too many open files"),
    ],
)
def test_the_limits_hold(queue: Queue, code: str, said: str) -> None:
    execution = work(queue(python(code)))
    assert execution.state == State.FAILED
    assert said in execution.output


def test_output_is_kept_up_to_a_limit(queue: Queue) -> None:
    execution = work(queue(python("print('x' * 200000)")))
    assert execution.state == State.SUCCEEDED
    assert execution.output == "x" * execute.MOST_OUTPUT + "\n… more was written"


def test_what_a_command_leaves_behind_is_killed(queue: Queue) -> None:
    code = (
        "import subprocess; p = subprocess.Popen(['/bin/sleep', '300']); print(p.pid, flush=True)"
    )
    execution = work(queue(python(code)))
    assert execution.state == State.SUCCEEDED
    assert gone(int(execution.output))


def test_a_changed_allow_list_does_not_run_something_else(queue: Queue, settings: Any) -> None:
    execution = queue("```command\n[say, hello]\n```")
    settings.COMMANDS.write_text("commands: {say: {argv: [/bin/false]}}")
    assert work(execution).result == "not run: the allow-list changed after the preview"


def test_a_command_that_is_not_there(queue: Queue, settings: Any) -> None:
    settings.COMMANDS.write_text("commands: {say: {argv: [/nowhere/say]}}")
    execution = work(queue("```command\n[say]\n```"))
    assert (execution.state, execution.result) == (State.FAILED, "could not be started")


def test_a_row_left_by_a_killed_process_is_interrupted_not_repeated(
    queue: Queue, ann: Person
) -> None:
    execution = queue("```command\n[say, hello]\n```")
    now = clock.now()
    Execution.objects.filter(pk=execution.pk).update(
        state=State.RUNNING, begun_at=now, lease_until=now + execute.LEASE
    )
    assert execute.tick(clock.now()) == 0, "the lease still holds"
    clock.shift(execute.LEASE + timedelta(seconds=1))
    assert work(execution).state == State.INTERRUPTED
    assert "unknown whether it took effect" in execution.result
    assert execution.output == ""
    run = execution.run
    run.refresh_from_db()
    assert run.at_step == 1
    effect = acts.run_step.effect
    assert effect is not None
    assert "unknown whether it took effect" in effect(run, {"step": 1})[-1]
    assert acts.run_step.perform(ann, run, step=1).state == Entry.State.DONE


def test_a_check_waits_until_it_holds(queue: Queue) -> None:
    answers = iter([[], [Sample({}, 0, 0.0)], [Sample({"job": "shop"}, 0, 2.0)]])

    def query(query: str, at: datetime | None = None) -> list[Sample]:
        assert query == "up == 1"
        return next(answers)

    execution = queue("```promql\nwithin: 1m\nup == 1\n```")
    assert (work(execution, query).state, execution.result) == (State.QUEUED, "not yet: no result")
    assert execute.tick(clock.now(), query) == 0, "not before it is due again"
    clock.shift(execute.LOOK_AGAIN)
    assert work(execution, query).state == State.QUEUED
    clock.shift(execute.LOOK_AGAIN)
    assert (work(execution, query).state, execution.result) == (
        State.SUCCEEDED, 'holds: {job="shop"} 2'
    )  # fmt: skip


def test_a_check_that_never_holds_fails(queue: Queue) -> None:
    def away(query: str, at: datetime | None = None) -> list[Sample]:
        raise TelemetryAway("nothing answers")

    execution = queue("```promql\nwithin: 10s\nup == 1\n```")
    assert work(execution, away).state == State.QUEUED
    clock.shift(timedelta(seconds=11))
    assert (work(execution, away).state, execution.result) == (
        State.FAILED, "does not hold: nothing answers"
    )  # fmt: skip


def test_a_check_asks_telemetry(queue: Queue, telemetry: Telemetry) -> None:
    telemetry.says(vector(({"job": "shop"}, "1")))
    execution = work(queue("```promql\nup == 1\n```"))
    assert (execution.state, execution.result) == (State.SUCCEEDED, 'holds: {job="shop"} 1')


@pytest.mark.parametrize(
    ("values", "passed"),
    [([], False), ([0.0], False), ([1.0], True), ([1.0, 0.0], False), ([float("nan")], False)],
)
def test_what_passes_a_check(values: list[float], passed: bool) -> None:
    assert execute.holds([Sample({}, 0, value) for value in values]) is passed


class Balancer(BaseHTTPRequestHandler):
    """Answers 204 to /drain, sends elsewhere from /moved, and hangs up on /die."""

    seen: ClassVar[list[tuple[str, str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = self.headers.get("Idempotency-Key", "")
        self.seen.append((self.command, self.path, key, body))
        if self.path == "/die":
            self.connection.close()
            return
        self.send_response(302 if self.path == "/moved" else 204)
        if self.path == "/moved":
            self.send_header("Location", "/drain")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def balancer() -> Iterator[str]:
    Balancer.seen.clear()
    with HTTPServer(("127.0.0.1", 0), Balancer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_request_is_made_once_with_a_key_of_its_own(queue: Queue, balancer: str) -> None:
    block = f"```http\nmethod: POST\nurl: {balancer}/drain\nbody: {{node: web-4}}\n```"
    execution = work(queue(block))
    assert execution.state == State.SUCCEEDED
    assert execution.result.startswith("204 No Content after")
    key = f"watchbill-execution-{execution.pk}"
    assert Balancer.seen == [("POST", "/drain", key, b'{"node":"web-4"}')]


def test_redirects_are_not_followed(queue: Queue, balancer: str) -> None:
    execution = work(queue(f"```http\nmethod: POST\nurl: {balancer}/moved\n```"))
    assert execution.state == State.FAILED
    assert execution.result.startswith("302 Found, expected 2xx")
    assert len(Balancer.seen) == 1


def test_a_request_without_an_answer_is_interrupted(queue: Queue, balancer: str) -> None:
    execution = work(queue(f"```http\nmethod: POST\nurl: {balancer}/die\n```"))
    assert execution.state == State.INTERRUPTED
    assert "unknown whether it took effect" in execution.result


def test_a_request_that_reaches_nobody_has_failed(queue: Queue) -> None:
    execution = work(queue("```http\nmethod: POST\nurl: http://127.0.0.1:1/x\n```"))
    assert execution.state == State.FAILED
    assert execution.result.startswith("could not connect")
