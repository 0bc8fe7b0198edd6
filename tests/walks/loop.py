"""The whole loop, told once: fault, alert, page, incident, guided step, recovery, review,

improvement, change, evidence. Through which door the people come in is up to the door.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from tests.processes.installation import until
from tests.walks.demo import Demo

Row = dict[str, Any]


class Door(Protocol):
    """A way into Watchbill for one person at a time."""

    def act(self, who: str, name: str, on: str, **given: Any) -> Row:
        """Perform an act; the ledger row."""

    def answer(self, who: str, number: int, word: str, why: str) -> Row:
        """Answer what was asked."""

    def asked(self, who: str) -> list[Row]:
        """What waits for this person."""

    def rows(self, who: str, collection: str) -> list[Row]:
        """A collection."""

    def one(self, who: str, collection: str, key: str) -> Row:
        """One thing of a collection."""


def key(ref: str) -> str:
    return ref.partition(":")[2]


def walk(demo: Demo, door: Door) -> dict[str, float]:
    """Walk the loop and assert every station of it; seconds to each measured station."""
    took: dict[str, float] = {}
    done = _checked(door)
    done("associate", "accounts.add_contact", "people.person:associate",
         kind="webhook", address=demo.hook.url)  # fmt: skip
    mails, hooks = len(demo.inbox.mail), len(demo.hook.got)

    begun = time.monotonic()
    done("junior", "demo.break_it", "people.house:1", fault="errors")
    alert = _wait(lambda: _firing(door), "the alert fires", 45)
    took["fault to firing"] = time.monotonic() - begun

    page = _wait(lambda: _open_page(door, alert), "somebody is paged", 20)
    until("the page came by mail", lambda: len(demo.inbox.mail) > mails)
    until("the page came by webhook", lambda: len(demo.hook.got) > hooks)
    took["fault to delivered"] = time.monotonic() - begun
    assert "CheckoutErrors" in str(demo.inbox.mail[mails]["Subject"])
    headers, body = demo.hook.got[hooks]
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= set(headers)
    assert b"CheckoutErrors" in body
    done("associate", "paging.acknowledge", page["ref"])

    declared = done("associate", "incidents.declare_from_alert", alert["ref"],
                    title="Checkout fails for one in eight", severity="sev3")  # fmt: skip
    incident = declared["outcome"]["ref"]
    done("associate", "incidents.take_seat", incident)
    done("senior", "incidents.take_lead", incident)
    done("junior", "incidents.join_under_instruction", incident)
    _run_the_runbook(door, done, incident)

    until("the alert is over", lambda: not _firing(door), 90)
    took["fault to recovered"] = time.monotonic() - begun
    done("senior", "incidents.resolve", incident, what_ended_it="The release was taken back.")
    _learn(door, done, incident)
    return took


def _run_the_runbook(door: Door, done: Callable[..., Row], incident: str) -> None:
    """A junior goes through the steps; a guide lets each go ahead; the command really runs."""
    started = done("associate", "runbooks.start_run", incident, runbook="checkout-errors")
    run = started["outcome"]["ref"]
    guided = 0
    while (state := door.one("junior", "runs", key(run)))["state"] == "running":
        number = state["at_step"]
        name, given = "runbooks.run_step", {"step": number}
        if state["steps"][number - 1]["kind"] == "value":
            name, given = "runbooks.answer_step", {"step": number, "value": "4.12"}
        asked = door.act("junior", name, run, **given)
        assert asked["state"] == "asked", asked
        assert door.one("junior", "runs", key(run)) == state  # nothing was done yet
        assert asked["id"] in [row["id"] for row in door.asked("associate")]
        answered = door.answer("associate", asked["id"], "go-ahead", "as previewed")
        assert (answered["state"], answered["by"], answered["guide"]) == (
            "done", "junior", "associate",
        )  # fmt: skip
        guided += 1
        _wait(lambda n=number: _settled(door, run, n), f"step {number} ends", 320)
    assert state["state"] == "finished", state
    kinds = [step["kind"] for step in state["steps"]]
    ran = {done["step"]: done for done in state["executions"]}
    assert guided == len(kinds) == len(ran)
    assert ran[kinds.index("command") + 1]["output"], "the command said nothing"


def _learn(door: Door, done: Callable[..., Row], incident: str) -> None:
    """Review, improvement, change, and evidence for both."""
    review = done("senior", "practice.open_review", incident)["outcome"]["ref"]
    done("junior", "practice.add_entry", review, kind="lesson",
         text="The release note said nothing about the pool.")  # fmt: skip
    improvement = done("associate", "practice.propose_improvement", review,
                       title="Check the pool before a release",
                       expected="No more pool errors")["outcome"]["ref"]  # fmt: skip
    done("senior", "practice.accept_improvement", improvement, owner="associate",
         due="2099-01-31", why="It happened twice")  # fmt: skip
    entry = door.one("senior", "reviews", key(review))["entries"][0]
    done("senior", "practice.answer_entry", review, entry=entry["id"], answer="Becomes a check.")
    done("senior", "practice.publish_review", review, findings="Releases change limits silently.")
    change = done("associate", "maintenance.plan_change", "catalog.component:catalogue",
                  title="Restart with the check in place", kind="config",
                  improvement=key(improvement))["outcome"]["ref"]  # fmt: skip
    done("associate", "maintenance.start_change", change)
    done("associate", "maintenance.complete_change", change, outcome="In place, verified.")
    done("associate", "maintenance.document", change, docs="declined", reason="Not described.")
    done("associate", "practice.complete_improvement", improvement, outcome="The check is there.")

    junior = door.one("senior", "evidence", "junior")["duties"]
    guide = door.one("senior", "evidence", "associate")["duties"]
    assert {entry["guide"] for entry in junior["IR-L1-3"]} == {"associate"}
    assert junior["IR-L1-4"]
    assert any(entry["as_guide"] for entry in guide["IR-L3-3"])
    assert guide["MA-L2-2"]
    assert guide["MA-L2-4"]


def _checked(door: Door) -> Callable[..., Row]:
    def done(who: str, name: str, on: str, **given: Any) -> Row:
        row = door.act(who, name, on, **given)
        assert row.get("state") == "done", (who, name, row)
        return row

    return done


def _firing(door: Door) -> Row | None:
    found = [row for row in door.rows("associate", "alerts") if row["state"] == "firing"]
    return next((row for row in found if row["name"] == "CheckoutErrors"), None)


def _open_page(door: Door, alert: Row) -> Row | None:
    pages = door.rows("associate", "pages")
    mine = [p for p in pages if p["alert"] == alert["ref"] and p["state"] == "sent"]
    return next((p for p in mine if p["person"] == "associate"), None)


def _settled(door: Door, run: str, number: int) -> bool:
    ran = door.one("junior", "runs", key(run))["executions"]
    last = [done["state"] for done in ran if done["step"] == number][-1:]
    assert not set(last) & {"failed", "interrupted"}, ran
    return last == ["succeeded"]


def _wait(true: Callable[[], Any], what: str, seconds: float) -> Any:
    found: list[Any] = []

    def look() -> bool:
        found[:] = [true()]
        return bool(found[0])

    until(what, look, seconds)
    return found[0]
