"""What the end of a change shows, and what it does not."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.conftest import MakePerson
from tests.maintenance.conftest import Plan

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.acts.perform import answer
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.maintenance import acts
from watchbill.maintenance.models import Change, Progress
from watchbill.people.models import House, Person, Team

pytestmark = pytest.mark.django_db


def shown() -> list[tuple[str, str]]:
    return [(row.duty, row.person.username) for row in Shown.objects.select_related("person")]


def done(change: Change, by: Person, outcome: str = "all is well") -> Change:
    acts.start_change.perform(by, change)
    acts.complete_change.perform(by, change, outcome=outcome)
    return Change.objects.get(pk=change.pk)


def test_who_did_it_alone_shows_nothing_at_the_end(ann: Person, plan: Plan) -> None:
    change = done(plan(), ann)
    assert shown() == []
    assert change.ended_as == "verified"


def test_what_another_began_is_no_evidence(
    jun: Person, ann: Person, sam: Person, team: Team, plan: Plan
) -> None:
    change = plan()
    acts.start_change.perform(ann, change)
    asked = acts.complete_change.perform(jun, change, outcome="all is well")
    answer(asked.pk, ann, go_ahead=True)
    team.members.add(sam)
    acts.confirm_change.perform(sam, Change.objects.get())
    assert shown() == []


def test_what_the_dial_lets_pass_is_no_go_ahead(jun: Person, house: House, plan: Plan) -> None:
    house.dials = {"maintenance": "advise"}
    house.save()
    change = done(plan(), jun)
    assert change.ended_as == "verified"
    assert shown() == []


def test_confirming_needs_an_end_and_a_lead(
    ann: Person, sam: Person, lea: Person, team: Team, plan: Plan
) -> None:
    change = plan()
    with pytest.raises(CannotBeDone, match="has not ended"):
        acts.confirm_change.perform(sam, change)
    change = done(change, ann)
    with pytest.raises(CannotBeDone, match="is led by"):
        acts.confirm_change.perform(sam, change)
    team.members.add(sam, lea)
    acts.confirm_change.perform(sam, change)
    with pytest.raises(CannotBeDone, match="Sam confirmed"):
        acts.confirm_change.perform(lea, change)
    assert shown() == [("MA-L2-2", "ann")]


def test_a_moderate_change_is_confirmed_and_shows_nothing(
    sam: Person, lea: Person, team: Team, plan: Plan
) -> None:
    team.members.add(lea)
    acts.confirm_change.perform(lea, done(plan(risk="moderate"), sam))
    assert shown() == []


def test_a_report_is_told_to_somebody_above(
    jun: Person, ann: Person, make_person: MakePerson, plan: Plan
) -> None:
    change, bea = plan(), make_person("bea", 1)
    for to in (bea, ann):
        acts.record_progress.perform(jun, change, text="half done", to=to.username)
        acts.acknowledge_report.perform(to, Progress.objects.latest("pk"))
    assert [(row.duty, row.witness) for row in Shown.objects.all()] == [("MA-L1-4", ann)]


def test_a_document_is_accepted_by_somebody_else_once(
    ann: Person, sam: Person, lea: Person, plan: Plan
) -> None:
    change = plan()
    with pytest.raises(CannotBeDone, match="No document"):
        acts.accept_document.perform(sam, change, how="read")
    acts.document.perform(ann, change, docs="declined", reason="nothing describes it")
    with pytest.raises(CannotBeDone, match="No document"):
        acts.accept_document.perform(sam, change, how="read")
    acts.document.perform(ann, change, docs="updated", link="/handbook/library")
    acts.accept_document.perform(sam, change, how="read")
    with pytest.raises(CannotBeDone, match="Sam accepted"):
        acts.accept_document.perform(lea, change, how="read")
    with pytest.raises(CannotBeDone) as caught:
        acts.document.perform(ann, change, docs="updated", runbook="nothing")
    assert caught.value.field == "runbook"
    acts.document.perform(ann, change, docs="updated", link="/handbook/other")
    change.refresh_from_db()
    assert change.docs_accepted_by is None


def test_a_lead_taken_at_the_end_shows_nothing(
    sam: Person, lea: Person, plan: Plan, payments: Component
) -> None:
    start = clock.now()
    change = plan(payments, backout="back", starts=start, ends=start + timedelta(hours=1))
    answer(acts.start_change.perform(sam, change).pk, lea, go_ahead=True)
    clock.shift(timedelta(minutes=5))
    acts.take_lead_of_change.perform(sam, Change.objects.get())
    asked = acts.complete_change.perform(sam, change, outcome="all is well")
    answer(asked.pk, lea, go_ahead=True)
    assert shown() == []
    with pytest.raises(CannotBeDone, match="verified already"):
        acts.take_lead_of_change.perform(lea, Change.objects.get())


def test_the_page_offers_what_is_the_readers_to_do(
    client: Client, ann: Person, sam: Person, team: Team, plan: Plan
) -> None:
    change = done(plan(), ann)
    acts.document.perform(ann, change, docs="updated", link="/handbook/library")
    team.members.add(sam)
    client.force_login(sam)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "Accept the document" in page
    assert "Confirm" in page
    acts.confirm_change.perform(sam, change, word="Well done.")
    acts.accept_document.perform(sam, change, how="followed", word="It works.")
    page = client.get(change.get_absolute_url()).content.decode()
    for words in ("Confirmed by", "Well done.", "followed and accepted by Sam: It works."):
        assert words in page, words
    client.force_login(ann)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "Accept the document" not in page
