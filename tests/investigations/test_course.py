"""How an investigation is opened, led, closed, read and reopened, and what is refused."""

import pytest
from tests.investigations.conftest import Open, found, supported, ticked

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry, Shown
from watchbill.acts.perform import answer
from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident
from watchbill.investigations import acts, protocols
from watchbill.investigations.models import Hypothesis, Investigation
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person

ENDED = {"conclusion": Investigation.Conclusion.CONFIRMED, "answer": "The pool was too small."}


def test_what_it_is_about_says_area_and_tier(
    opens: Open, incident: Incident, shop: Component, house: House
) -> None:
    assert [opens(incident).area, opens(incident).tier] == ["incident-response", Tier.CRITICAL]
    assert [opens(shop).area, opens(shop).tier] == ["maintenance", Tier.ROUTINE]
    assert opens(shop, area="monitoring").area == "monitoring"
    assert opens(house).area == "incident-response"


def test_an_incident_is_investigated_in_its_own_area(opens: Open, incident: Incident) -> None:
    with pytest.raises(CannotBeDone, match="belongs to incident response"):
        opens(incident, area="maintenance")


def test_the_level_of_the_area_that_was_asked_for_counts(
    make_person, shop: Component, opens: Open
) -> None:
    mixed = make_person("mixed", 1, monitoring=2)
    opens(shop, mixed, area="monitoring")
    entry = acts.open_investigation.perform(mixed, shop, title="Why?", area="maintenance")
    assert entry.state == Entry.State.ASKED


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"title": " "}, "what the question is"),
        ({"title": "x" * 201}, "more than 200"),
        ({"protocol": "none"}, "no protocol 'none'"),
    ],
)
def test_it_is_not_opened_without_sense(opens: Open, given: dict[str, str], says: str) -> None:
    with pytest.raises(CannotBeDone, match=says):
        opens(**given)


def test_people_are_not_investigated(ann: Person, jun: Person) -> None:
    with pytest.raises(CannotBeDone, match="nothing to investigate"):
        acts.open_investigation.perform(ann, jun, title="Why?")


def test_it_keeps_the_edition_it_began_with(
    case: Investigation, opens: Open, house: House, sam: Person
) -> None:
    acts.publish_protocol.perform(
        sam, house, name="standard", title="Ours", steps=["What changed?", "", " What else? "]
    )
    assert case.steps.count() == len(protocols.STANDARD_STEPS)
    assert str(case.protocol) == "Standard protocol, edition 1"
    new = opens()
    assert [step.text for step in new.steps.all()] == ["What changed?", "What else?"]
    assert new.protocol == "Ours, edition 2"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "No Name"}, "small letters"),
        ({"name": "größe"}, "small letters"),
        ({"title": ""}, "needs a title"),
        ({"steps": ["only one"]}, "at least two"),
        ({"steps": ["x"] * 31}, "At most 30"),
        ({"steps": ["x" * 301, "y"]}, "At most 30 lines of 300"),
    ],
)
def test_a_protocol_makes_sense(
    house: House, sam: Person, given: dict[str, object], says: str
) -> None:
    whole = {"name": "short", "title": "Short", "steps": ["a", "b"], **given}
    with pytest.raises(CannotBeDone, match=says):
        acts.publish_protocol.perform(sam, house, **whole)  # type: ignore[arg-type]


def test_steps_are_ticked_once_and_left_with_a_reason(case: Investigation, ann: Person) -> None:
    acts.leave_step.perform(ann, case, step=1, because="It is known.")
    with pytest.raises(CannotBeDone, match="settled it already"):
        acts.leave_step.perform(ann, case, step=1, because="Again.")
    acts.tick_step.perform(ann, case, step=1, found="At ten.")
    with pytest.raises(CannotBeDone, match="settled it already: At ten"):
        acts.tick_step.perform(ann, case, step=1, found="At eleven.")
    with pytest.raises(CannotBeDone, match="no such step"):
        acts.tick_step.perform(ann, case, step=99, found="Nothing.")
    first = case.steps.get(position=1)
    assert (first.ticked, first.left, first.said) == (True, False, "At ten.")


def test_it_closes_only_when_all_is_settled(
    case: Investigation, cause: Hypothesis, ann: Person, sam: Person
) -> None:
    with pytest.raises(CannotBeDone, match="Ann owns it"):
        acts.close.perform(sam, case, **ENDED)
    with pytest.raises(CannotBeDone, match="neither supported nor ruled out"):
        acts.close.perform(ann, case, **ENDED)
    supported(cause, ann)
    with pytest.raises(CannotBeDone, match="7 steps"):
        acts.close.perform(ann, case, **ENDED)
    ticked(case, ann)
    acts.add_part.perform(sam, case, text="Look at the disk")
    part = case.parts.get()
    acts.take_part.perform(sam, part)
    with pytest.raises(CannotBeDone, match="Sam works on a part"):
        acts.close.perform(ann, case, **ENDED)
    acts.finish_part.perform(sam, part, result="The disk is fine.")
    with pytest.raises(CannotBeDone, match="what was found out"):
        acts.close.perform(ann, case, conclusion=ENDED["conclusion"], answer="Yes.")
    acts.close.perform(ann, case, **ENDED)
    with pytest.raises(CannotBeDone, match="is closed"):
        acts.close.perform(ann, case, **ENDED)


def test_the_conclusion_follows_from_the_hypotheses(
    case: Investigation, cause: Hypothesis, ann: Person
) -> None:
    ticked(case, ann)
    ruled_out = Investigation.Conclusion.RULED_OUT
    supported(cause, ann)
    with pytest.raises(CannotBeDone, match="A hypothesis is supported"):
        acts.close.perform(ann, case, conclusion=ruled_out, answer="It was not that.")
    acts.settle_hypothesis.perform(ann, cause, verdict="open", because="It is not sure.")
    acts.test_hypothesis.perform(ann, cause, expected="full", saw="empty", says="rules-out")
    acts.settle_hypothesis.perform(ann, cause, verdict="ruled-out", because="It is empty.")
    with pytest.raises(CannotBeDone, match="Every hypothesis is ruled out"):
        acts.close.perform(ann, case, **ENDED)
    acts.close.perform(ann, case, conclusion=ruled_out, answer="It was not that.")


def test_it_may_stay_undecided_with_open_hypotheses(case: Investigation, ann: Person) -> None:
    ticked(case, ann)
    undecided = Investigation.Conclusion.UNDECIDED
    with pytest.raises(CannotBeDone, match="No hypothesis"):
        acts.close.perform(ann, case, conclusion=undecided, answer="The trail is cold.")
    acts.propose.perform(ann, case, text="A neighbour")
    acts.close.perform(ann, case, conclusion=undecided, answer="The trail is cold.")


def closed(case: Investigation, cause: Hypothesis, by: Person) -> None:
    supported(cause, by)
    ticked(case, by)
    acts.close.perform(by, case, **ENDED)


def test_a_reader_confirms_once_and_never_the_owner(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person, sam: Person
) -> None:
    with pytest.raises(CannotBeDone, match="still open"):
        acts.confirm_reading.perform(jun, case, word="I followed.")
    closed(case, cause, ann)
    with pytest.raises(CannotBeDone, match="Somebody else"):
        acts.confirm_reading.perform(ann, case, word="I followed.")
    acts.confirm_reading.perform(jun, case, word="I followed.")
    with pytest.raises(CannotBeDone, match="Jun read it already"):
        acts.confirm_reading.perform(sam, case, word="Me too.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("IR-L2-2", ann, jun)


def test_nothing_is_shown_when_a_step_was_left(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person
) -> None:
    acts.leave_step.perform(ann, case, step=3, because="It is known.")
    closed(case, cause, ann)
    acts.confirm_reading.perform(jun, case, word="I followed.")
    assert not Shown.objects.exists()


def test_nothing_is_shown_when_it_stayed_undecided(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person
) -> None:
    ticked(case, ann)
    undecided = Investigation.Conclusion.UNDECIDED
    acts.close.perform(ann, case, conclusion=undecided, answer="The trail is cold.")
    acts.confirm_reading.perform(jun, case, word="I followed.")
    assert not Shown.objects.exists()


def test_nothing_is_shown_when_a_go_ahead_was_needed(
    incident: Incident, jun: Person, sam: Person
) -> None:
    asked = acts.open_investigation.perform(jun, incident, title="Why?")
    answer(asked.pk, sam, go_ahead=True)
    case = Investigation.objects.get()
    jun.standings.create(area="incident-response", level=2, reason="placed")
    jun.forget()
    acts.propose.perform(jun, case, text="The pool")
    closed(case, Hypothesis.objects.get(), jun)
    acts.confirm_reading.perform(sam, case, word="I followed.")
    assert not Shown.objects.exists()


def test_nothing_is_shown_by_closing_what_somebody_else_went_along(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person, sam: Person
) -> None:
    supported(cause, ann)
    ticked(case, ann)
    acts.take_on.perform(sam, case, why="Ann is away.")
    acts.close.perform(sam, case, **ENDED)
    acts.confirm_reading.perform(jun, case, word="I followed.")
    assert not Shown.objects.exists()


def test_reopening_asks_for_another_reading(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person
) -> None:
    closed(case, cause, ann)
    with pytest.raises(CannotBeDone, match="is closed"):
        found(case, jun)
    with pytest.raises(CannotBeDone, match="is closed"):
        acts.propose.perform(jun, case, text="Another")
    acts.confirm_reading.perform(jun, case, word="I followed.")
    with pytest.raises(CannotBeDone, match="what came up"):
        acts.reopen.perform(ann, case, why=" ")
    acts.reopen.perform(ann, case, why="It came back.")
    with pytest.raises(CannotBeDone, match="It is open"):
        acts.reopen.perform(ann, case, why="It came back.")
    case.refresh_from_db()
    assert (case.is_open, case.conclusion, case.read_by) == (True, "", None)
    acts.close.perform(ann, case, **ENDED)


def test_somebody_else_takes_it_on_unless_it_is_led(
    case: Investigation, ann: Person, sam: Person
) -> None:
    with pytest.raises(CannotBeDone, match="yours already"):
        acts.take_on.perform(ann, case, why="Mine.")
    with pytest.raises(CannotBeDone, match="for whoever had it"):
        acts.take_on.perform(sam, case, why="")
    entry = acts.take_on.perform(sam, case, why="Ann is away.")
    assert entry.says == "took it on from Ann: Ann is away."
    acts.lead_as_complex.perform(sam, case, because="Two services.")
    with pytest.raises(CannotBeDone, match="lead it already"):
        acts.lead_as_complex.perform(sam, case, because="Two services.")
    case.refresh_from_db()
    with pytest.raises(CannotBeDone, match="is led"):
        acts.take_on.perform(ann, case, why="Sam is away.")
