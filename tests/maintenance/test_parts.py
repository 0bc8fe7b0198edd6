"""Parts of a change: divided and accepted by its lead, done by others."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.maintenance.conftest import Plan

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.acts.perform import answer
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.maintenance import acts, reads
from watchbill.maintenance.models import Change, Part
from watchbill.people.models import Person
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks.models import Run, Runbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(plan: Plan, sam: Person) -> Change:
    """A moderate change, led and begun by an L3."""
    change = plan(by=sam, risk="moderate", backout="back")
    acts.take_lead_of_change.perform(sam, change)
    acts.start_change.perform(sam, Change.objects.get())
    return Change.objects.get()


def part(change: Change, by: Person, **given: Any) -> Part:
    acts.add_part.perform(by, change, text="Drain the host", **given)
    return Part.objects.latest("pk")


def test_only_the_lead_divides(plan: Plan, ann: Person, sam: Person, lea: Person) -> None:
    change = plan()
    with pytest.raises(CannotBeDone, match="Nobody leads"):
        acts.add_part.perform(sam, change, text="Drain it")
    acts.take_lead_of_change.perform(sam, change)
    change.refresh_from_db()
    for act in (acts.take_lead_of_change.perform, acts.add_part.perform):
        with pytest.raises(CannotBeDone, match="Sam leads"):
            act(lea, change, **({"text": "Drain it"} if act == acts.add_part.perform else {}))
    with pytest.raises(CannotBeDone, match="1 to 300"):
        acts.add_part.perform(sam, change, text=" ")
    with pytest.raises(CannotBeDone, match="no published runbook"):
        acts.add_part.perform(sam, change, text="Drain it", procedure="nothing")
    acts.leave_lead_of_change.perform(sam, change)
    change.refresh_from_db()
    assert change.led_by is None
    with pytest.raises(CannotBeDone, match="Nobody leads it"):
        acts.leave_lead_of_change.perform(lea, change)


def test_a_part_has_the_stakes_of_its_change(change: Change, sam: Person) -> None:
    one = part(change, sam)
    assert one.tier is Tier.MODERATE
    assert one.thread() == [change, change.component]


def test_a_part_is_taken_by_whoever_was_asked(
    change: Change, ann: Person, sam: Person, lea: Person
) -> None:
    one = part(change, sam, who="ann")
    with pytest.raises(CannotBeDone, match="Ann was asked"):
        acts.take_part.perform(lea, one)
    with pytest.raises(CannotBeDone, match="is open"):
        acts.finish_part.perform(ann, one, result="nothing runs there")
    acts.take_part.perform(ann, one)
    with pytest.raises(CannotBeDone, match="is taken"):
        acts.take_part.perform(ann, one)
    with pytest.raises(CannotBeDone, match="Ann does this part"):
        acts.finish_part.perform(lea, one, result="nothing runs there")
    with pytest.raises(CannotBeDone, match="Say what you saw"):
        acts.finish_part.perform(ann, one, result="ok")
    with pytest.raises(CannotBeDone, match="alters nothing"):
        acts.carry_out_part.perform(lea, one, result="nothing runs there")
    with pytest.raises(CannotBeDone, match="empty"):
        acts.note_on_part.perform(ann, one, text=" ")


def test_it_is_given_back_accepted_or_dropped(change: Change, ann: Person, sam: Person) -> None:
    one, other = part(change, sam), part(change, sam)
    with pytest.raises(CannotBeDone, match="is not done"):
        acts.accept_part.perform(sam, one)
    acts.take_part.perform(ann, one)
    acts.finish_part.perform(ann, one, result="nothing runs there")
    with pytest.raises(CannotBeDone, match="what is missing"):
        acts.return_part.perform(sam, one, why=" ")
    acts.return_part.perform(sam, one, why="One job runs still.")
    with pytest.raises(CannotBeDone, match="A part is not done"):
        acts.complete_change.perform(sam, change, outcome="all is well")
    acts.finish_part.perform(ann, one, result="that job ended too")
    with pytest.raises(CannotBeDone, match="is done"):
        acts.drop_part.perform(sam, one, why="no")
    acts.accept_part.perform(sam, one)
    with pytest.raises(CannotBeDone, match="Say why"):
        acts.drop_part.perform(sam, other, why=" ")
    acts.drop_part.perform(sam, other, why="It was empty.")
    acts.complete_change.perform(sam, change, outcome="all is well")
    with pytest.raises(CannotBeDone, match="verified already"):
        part(Change.objects.get(), sam)
    assert not Shown.objects.filter(duty="MA-L2-3").exists()  # an L2 did it without a go-ahead


def test_the_lead_accepts_no_part_of_their_own(change: Change, sam: Person) -> None:
    one = part(change, sam)
    acts.take_part.perform(sam, one)
    acts.finish_part.perform(sam, one, result="nothing runs there")
    with pytest.raises(CannotBeDone, match="their own part"):
        acts.accept_part.perform(sam, one)


def test_what_alters_waits_for_the_change_to_begin(plan: Plan, sam: Person) -> None:
    planned = plan(risk="moderate", by=sam)
    acts.take_lead_of_change.perform(sam, planned)
    one = part(Change.objects.get(), sam, alters=True)
    acts.take_part.perform(sam, one)
    with pytest.raises(CannotBeDone, match="has not begun"):
        acts.carry_out_part.perform(sam, one, result="the disk is moved")
    with pytest.raises(CannotBeDone, match="alters what runs"):
        acts.finish_part.perform(sam, one, result="the disk is moved")


def test_its_procedure_is_run_to_the_end(
    change: Change, bump: Runbook, jun: Person, sam: Person
) -> None:
    one = part(change, sam, procedure="bump")
    answer(acts.take_part.perform(jun, one).pk, sam, go_ahead=True)
    assert reads.parts(change, jun)[0].starts == "bump"
    with pytest.raises(CannotBeDone, match="not run to the end"):
        acts.finish_part.perform(jun, one, result="it is bumped")
    runbooks.start_run.perform(jun, one, runbook="bump")
    for step in (1, 2):
        asked = runbooks.run_step.perform(jun, Run.objects.get(), step=step)
        answer(asked.pk, sam, go_ahead=True)
    assert reads.parts(change, jun)[0].acts[0] == ("maintenance.finish_part", "Done")
    answer(acts.finish_part.perform(jun, one, result="it is bumped").pk, sam, go_ahead=True)
    acts.accept_part.perform(sam, one)
    assert Shown.objects.filter(duty="MA-L2-3", person=jun, witness=sam).count() == 1


def test_the_page_shows_the_parts(client: Client, change: Change, ann: Person, sam: Person) -> None:
    one = part(change, sam, alters=True)
    client.force_login(sam)
    page = client.get(change.get_absolute_url()).content.decode()
    for words in ("Drain the host", "alters what runs", "Add a part", "Leave the lead", "Drop"):
        assert words in page, words
    acts.take_part.perform(ann, one)
    client.force_login(ann)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "carry it out" in page
    assert "Add a part" not in page


def test_a_critical_part_needs_a_second_person(
    plan: Plan, payments: Component, sam: Person, lea: Person
) -> None:
    start = clock.now()
    critical = plan(payments, backout="back", starts=start, ends=start + timedelta(hours=1))
    acts.take_lead_of_change.perform(sam, critical)
    answer(acts.start_change.perform(sam, critical).pk, lea, go_ahead=True)
    one = part(Change.objects.get(), sam, alters=True)
    acts.take_part.perform(lea, one)
    assert acts.carry_out_part.perform(lea, one, result="it is moved").state == "asked"
