"""The record: drafted from the ledger, complete or refused, kept in versions, accepted once."""

from typing import Any

import pytest
from django.test import Client

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.incidents import acts, draft
from watchbill.incidents.models import Incident, Record
from watchbill.people.models import Person

WRITTEN: dict[str, Any] = {
    "impact": "One in ten failed.", "cause": "A limit was lost.", "actions": "Rolled it back.",
}  # fmt: skip


@pytest.fixture
def over(incident: Incident, sam: Person, ann: Person) -> Incident:
    acts.take_lead.perform(sam, incident)
    acts.take_seat.perform(ann, incident)
    acts.mitigate.perform(sam, incident, by_what="the rollback")
    acts.resolve.perform(sam, incident, what_ended_it="The old version is back.")
    incident.refresh_from_db()
    return incident


def test_the_draft_has_what_the_ledger_tells(over: Incident) -> None:
    found = draft.draft(over)
    assert "Checkout fails" in found.impact
    assert "started to mitigate: the rollback" in found.actions
    assert "took a seat" not in found.actions
    assert next(what for _, _, what in found.lines).startswith("declared incident")
    assert found.cause == ""


def test_everything_that_is_missing_is_named_at_once(incident: Incident, ann: Person) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.publish_record.perform(ann, incident, impact="One in ten failed.", cause="no")
    for words in ("cause is missing", "actions taken are missing", "not resolved yet"):
        assert words in caught.value.what
    assert "impact" not in caught.value.what
    assert caught.value.field == "cause"


def test_versions_are_kept_and_the_newest_is_accepted(
    over: Incident, ann: Person, sam: Person, lea: Person
) -> None:
    acts.publish_record.perform(ann, over, **WRITTEN)
    acts.publish_record.perform(ann, over, **{**WRITTEN, "cause": "Two limits were lost."})
    first, second = Record.objects.order_by("number")
    assert (first.cause, second.number) == ("A limit was lost.", 2)
    with pytest.raises(CannotBeDone, match="newer version"):
        acts.accept_record.perform(sam, first)
    with pytest.raises(CannotBeDone, match="their own record"):
        acts.accept_record.perform(ann, second)
    with pytest.raises(CannotBeDone, match="held a seat"):
        acts.accept_record.perform(lea, second)
    acts.accept_record.perform(sam, second)
    with pytest.raises(CannotBeDone, match="Sam accepted it"):
        acts.accept_record.perform(sam, second)
    acts.publish_record.perform(ann, over, **WRITTEN)
    acts.accept_record.perform(sam, Record.objects.latest("number"))
    assert {row.on for row in Shown.objects.all()} == {over.ref}, "a version is no other work"


def test_its_page_shows_each_version(over: Incident, ann: Person, sam: Person) -> None:
    acts.publish_record.perform(ann, over, **WRITTEN)
    acts.publish_record.perform(ann, over, **{**WRITTEN, "cause": "Two limits were lost."})
    client = Client()
    client.force_login(sam)
    page = f"/incidents/{over.pk}/record/"
    newest, earlier = client.get(page), client.get(page, {"version": "1"})
    assert "Two limits were lost." in newest.content.decode()
    assert "Accept" in newest.content.decode()
    assert "A limit was lost." in earlier.content.decode()
    assert "not the newest" in earlier.content.decode()
    assert client.get("/incidents/99/record/").status_code == 404
