"""One incident from an alert to the improvement that came of it, by pages and acts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from watchbill.acts import perform, timeline
from watchbill.acts.models import Entry
from watchbill.alerts.models import Alert
from watchbill.incidents import acts
from watchbill.incidents.models import Incident
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.practice import acts as practice
from watchbill.practice.models import Improvement, Review, ReviewEntry
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks import execute
from watchbill.runbooks.models import Execution, Run

ROLLBACK = """---
slug: roll-back-checkout
title: Roll back checkout
component: checkout
---

## Roll it back
```command
[rollback, checkout]
```
"""


@pytest.fixture
def rollback(house: House, lea: Person, tmp_path: Path, settings: Any) -> Path:
    """Publishes the runbook; the file that its command really makes."""
    done = tmp_path / "rolled-back"
    settings.COMMANDS = tmp_path / "commands.yml"
    entry = {"argv": ["/bin/sh", "-c", 'mkdir "$0" && echo rolled back "$1"', str(done)]}
    settings.COMMANDS.write_text(yaml.safe_dump({"commands": {"rollback": entry}}))
    return done


def post(client: Client, act: str, **given: object) -> Any:
    response = client.post(f"/do/{act}", {key: str(value) for key, value in given.items()})
    assert response.status_code == 302, response.content.decode()
    return response


def test_from_alert_to_improvement(
    alert: Alert, house: House, rollback: Path, jun: Person, ann: Person, sam: Person, lea: Person
) -> None:
    junior, senior = Client(), Client()
    junior.force_login(jun)
    senior.force_login(sam)
    runbooks.publish.perform(lea, house, text=ROLLBACK)

    page = junior.get(f"/incidents/declare?alert={alert.pk}").content.decode()
    assert "Checkout fails for 12 % of requests" in page
    there = post(
        junior, "incidents.declare_from_alert", on=alert.ref, severity="sev2",
        title="Checkout fails",
    ).url  # fmt: skip
    incident = Incident.objects.get()
    assert there == incident.get_absolute_url()

    post(senior, "incidents.take_lead", on=incident.ref)
    post(junior, "runbooks.start_run", on=incident.ref, runbook="roll-back-checkout")
    run = Run.objects.get()
    assert run.area == "incident-response"

    # The junior asks; nothing is queued until the guide goes ahead on what was previewed.
    page = junior.get(f"/do/runbooks.run_step?on={run.ref}&step=1").content.decode()
    assert f"{rollback} checkout" in page
    post(junior, "runbooks.run_step", on=run.ref, step=1)
    assert not Execution.objects.exists()
    asked = timeline.open_asks().get()
    assert "Go ahead" in senior.get(there).content.decode()
    assert "Go ahead" in senior.get(run.get_absolute_url()).content.decode()
    assert "Go ahead" not in junior.get(there).content.decode()
    senior.post(f"/asks/{asked.pk}/answer", {"word": "go-ahead"})
    assert execute.tick(clock.now()) == 1
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED, Execution.objects.get().output

    room = junior.get(there).content.decode()
    assert "with Sam" in room
    assert "succeeded: exit 0" in room
    assert "rolled back checkout" in junior.get(run.get_absolute_url()).content.decode()
    assert rollback.is_dir()

    post(senior, "incidents.resolve", on=incident.ref, what_ended_it="errors fell after rollback")
    assert "Open a review" in senior.get(there).content.decode()
    post(senior, "practice.open_review", on=incident.ref, title="Why checkout failed")
    review = Review.objects.get()
    post(junior, "practice.add_entry", on=review.ref, kind="observation", text="The pool was full.")
    said = ReviewEntry.objects.get()
    post(senior, "practice.answer_entry", on=review.ref, entry=said.pk, answer="Yes: taken up.")
    post(
        junior, "practice.propose_improvement", on=review.ref, title="Limit retries",
        expected="No retry storm", measure="sum(rate(retries_total[5m]))",
    )  # fmt: skip
    work = Improvement.objects.get()
    refused = senior.post("/do/practice.publish_review", {"on": review.ref, "findings": "a b c"})
    assert refused.status_code == 422
    assert "wait for a decision" in refused.content.decode()
    due = clock.now().date() + timedelta(days=14)
    post(senior, "practice.accept_improvement", on=work.ref, owner="ann", due=due.isoformat())
    post(senior, "practice.publish_review", on=review.ref, findings="Retries had no limit.")
    for page in (review.get_absolute_url(), work.get_absolute_url(), "/reviews/", "/improvements/"):
        assert "Limit retries" in junior.get(page).content.decode() or page == "/reviews/"
    practice.complete_improvement.perform(ann, work, outcome="No storm in the drill.")
    work.refresh_from_db()
    assert work.state == Improvement.State.DONE

    told = [entry.kind for entry in timeline.of(incident) if entry.state == Entry.State.DONE]
    assert told == [
        "incidents.declare_from_alert", "incidents.take_lead", "runbooks.start_run",
        "runbooks.run_step", "runbooks.step_ended", "incidents.resolve", "practice.open_review",
        "practice.add_entry", "practice.answer_entry", "practice.propose_improvement",
        "practice.accept_improvement", "practice.publish_review", "practice.complete_improvement",
    ]  # fmt: skip


def test_by_rest(alert: Alert, jun: Person, sam: Person) -> None:
    junior = Client()
    junior.force_login(jun)
    done = junior.post(
        "/api/v1/acts/incidents.declare_from_alert",
        {"on": alert.ref, "severity": "sev2"}, content_type="application/json",
    )  # fmt: skip
    assert done.status_code == 200
    number = done.json()["outcome"]["number"]
    asked = junior.post(
        "/api/v1/acts/incidents.take_seat",
        {"on": f"incidents.incident:{number}"}, content_type="application/json",
    )  # fmt: skip
    assert asked.status_code == 202
    perform.answer(asked.json()["id"], sam, go_ahead=True)
    told = junior.get(f"/api/v1/incidents/{number}").json()
    assert (told["severity"], told["state"]) == ("sev2", "investigating")
    assert [seat["person"] for seat in told["seats"]] == ["jun"]
    assert acts.take_seat.may(jun, Incident.objects.get()).reason
    listed = junior.get("/api/v1/incidents?state=investigating").json()
    assert [one["number"] for one in listed["incidents"]] == [number]
