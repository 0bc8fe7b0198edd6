"""A clock that jumps an hour ahead and back: rules, calls and measurements go on."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.faults.house import OWNER, House, lived_in
from tests.faults.kept import Database
from tests.processes.installation import until

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
HOUR = 3600.0
STEP = 10  # seconds between two calls
PATIENCE = 90.0
RULES = """\
groups:
  - name: clock
    interval: 2s
    rules:
      - alert: Always
        expr: vector(1)
        labels: {severity: critical}
"""


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    offset.write_text("0")
    with lived_in(tmp_path / "data", WATCHBILL_TEST_CLOCK=str(offset)) as house:
        steps = "\n".join([f"{OWNER}, wait {STEP} s"] * 10)
        made = house.act("paging.make_policy", "people.house:1", name="All", steps=steps, rounds=10)
        house.act("paging.use_for_rest", made["outcome"]["ref"])
        (house.data / "rules" / "clock.yml").write_text(RULES)
        until("the first page came", lambda: house.inbox.mail, PATIENCE)
        pids = {name: house.pid(name) for name in house.state()}
        for jump in (HOUR, 0.0, -HOUR, 0.0):
            offset.write_text(str(jump))
            check_it_goes_on(house, jump)
        assert {name: house.pid(name) for name in house.state()} == pids


def check_it_goes_on(house: House, offset: float) -> None:
    """Everything happens now, by the clock as it is."""
    jumped = time.time()
    mails, database = len(house.inbox.mail), Database(house.data)

    def evaluated_now() -> bool:
        ((text,),) = database.rows("SELECT evaluated_at FROM alerts_rulegroup")
        at = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - offset
        return abs(time.time() - at) < 20

    def measured_now() -> bool:
        found = house.query('timestamp(up{job="watchbill"})')
        return bool(found) and float(found[0]["value"][1]) > jumped + offset

    until(f"rules are evaluated at {offset:+.0f} s", evaluated_now, PATIENCE)
    until(f"two calls are made at {offset:+.0f} s", lambda: len(house.inbox.mail) > mails + 1,
          PATIENCE)  # fmt: skip
    until(f"telemetry has values of now at {offset:+.0f} s", measured_now, PATIENCE)
