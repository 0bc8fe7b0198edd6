"""The work process is killed while a command is under way: the command dies with it, the row says

that nobody knows what took effect, and nothing is done a second time.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from tests.runbooks.conftest import gone, one_step

from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.runbooks import acts, execute
from watchbill.runbooks.models import Execution, Run

pytestmark = [pytest.mark.usefixtures("real_commits"), pytest.mark.server]

WORK = """
import sys, django
from pathlib import Path
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
settings.COMMANDS = Path(sys.argv[2])
django.setup()
from watchbill.lib import clock
from watchbill.runbooks import execute
execute.tick(clock.now())
"""
SLOW = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(60)"


@dataclass
class UnderWay:
    """A work process whose command has begun and written its number to `began`."""

    work: subprocess.Popen[bytes]
    began: Path

    @property
    def command(self) -> int:
        return int(self.began.read_text())


@pytest.fixture
def under_way(
    house: House, ann: Person, lea: Person, tmp_path: Path, settings: Any
) -> Iterator[UnderWay]:
    began = tmp_path / "began"
    settings.COMMANDS = tmp_path / "commands.yml"
    slow = {"argv": [sys.executable, "-I", "-c", SLOW, str(began)], "timeout": "1m"}
    settings.COMMANDS.write_text(yaml.safe_dump({"commands": {"slow": slow}}))
    acts.publish.perform(lea, house, text=one_step("```command\n[slow]\n```"))
    acts.start_run.perform(ann, house, runbook="one")
    acts.run_step.perform(ann, Run.objects.get(), step=1)
    kept = {name: value for name, value in os.environ.items() if "WATCHBILL" not in name}
    own = {"WATCHBILL_DATA": str(settings.DATA), "DJANGO_SETTINGS_MODULE": "watchbill.settings"}
    work = subprocess.Popen(
        [sys.executable, "-c", WORK, connection.settings_dict["NAME"], settings.COMMANDS],
        env={**kept, **own},
    )
    try:
        until = time.monotonic() + 20
        while not (began.exists() and began.read_text().endswith("\n")):
            assert time.monotonic() < until, "the command never began"
            assert work.poll() is None, "the work process ended by itself"
            time.sleep(0.05)
        yield UnderWay(work, began)
    finally:
        work.kill()
        work.wait()


def test_kill_between_begin_and_end(under_way: UnderWay) -> None:
    under_way.work.kill()
    assert gone(under_way.command), "the command outlived the work process"
    execution = Execution.objects.get()
    assert execution.state == Execution.State.RUNNING
    clock.shift(execute.LEASE + timedelta(seconds=2))
    assert execute.tick(clock.now()) == 1
    execution.refresh_from_db()
    assert execution.state == Execution.State.INTERRUPTED
    assert "unknown whether it took effect" in execution.result
    assert execute.tick(clock.now()) == 0
    assert len(under_way.began.read_text().splitlines()) == 1


def test_a_halt_kills_what_is_under_way(under_way: UnderWay, ann: Person) -> None:
    acts.halt.perform(ann, Run.objects.get(), why="wrong node")
    assert gone(under_way.command, seconds=5)
    assert under_way.work.wait(5) == 0
    execution = Execution.objects.get()
    assert execution.state == Execution.State.INTERRUPTED
    assert "halted" in execution.result
