"""A runbook with one step of each kind, and an allow-list of real commands."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from watchbill.acts.models import Entry
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person, Team
from watchbill.runbooks import acts
from watchbill.runbooks.models import Run, Runbook

Publish = Callable[..., Runbook]

RESTART = """---
slug: restart-payments
title: Restart payments
component: payments
---
When payments hangs.

## Say which node
```value node
Which node hangs?
```

## Restart it
It takes a moment.

```command
[say, restarted, {node}]
```

## Look
```confirm
The page answers again.
```
"""


@pytest.fixture
def payments(team: Team, house: House) -> Component:
    return Component.objects.create(slug="payments", name="Payments", owner=team)


@pytest.fixture
def commands(tmp_path: Path, settings: Any) -> dict[str, dict[str, object]]:
    """The allow-list."""
    entries: dict[str, dict[str, object]] = {
        "say": {"argv": ["/bin/echo"]},
        "fail": {"argv": ["/bin/sh", "-c", "echo no; exit 3"]},
        "sleep": {"argv": ["/bin/sleep"], "timeout": "1s"},
        "python": {"argv": [sys.executable, "-I", "-c"], "timeout": "20s", "env": {"REGION": "eu"}},
    }
    settings.COMMANDS = tmp_path / "commands.yml"
    settings.COMMANDS.write_text(yaml.safe_dump({"commands": entries}))
    return entries


@pytest.fixture
def publish(house: House, lea: Person) -> Publish:
    """`publish(text)`: the runbook, in force."""

    def publish(text: str) -> Runbook:
        entry = acts.publish.perform(lea, house, text=text)
        assert entry.state == Entry.State.DONE
        return Runbook.objects.get(pk=int(entry.came_of_it["ref"].partition(":")[2]))

    return publish


@pytest.fixture
def restart(publish: Publish, payments: Component) -> Runbook:
    return publish(RESTART)


@pytest.fixture
def run(restart: Runbook, payments: Component, ann: Person) -> Run:
    """A run at its first step, about the component."""
    started = acts.start_run.perform(ann, payments, runbook=restart.slug)
    return Run.objects.get(pk=int(started.came_of_it["ref"].partition(":")[2]))


def one_step(block: str, tier: str = "routine") -> str:
    """A runbook with a single step that has this block."""
    return f"---\nslug: one\ntitle: One step\ntier: {tier}\n---\n\n## Do it\n{block}\n"


def gone(pid: int, seconds: float = 3) -> bool:
    """Whether the process ends within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False
