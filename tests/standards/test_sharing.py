"""The effect is confirmed by another senior; the report accepted by a lead of a component."""

from datetime import timedelta

import pytest
from tests.standards.conftest import Draft, run

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import Person, Team
from watchbill.standards import acts
from watchbill.standards.models import StandardVersion

Effect = StandardVersion.Effect


def shown() -> list[tuple[str, str, str]]:
    rows = Shown.objects.order_by("pk")
    return list(rows.values_list("duty", "person__username", "witness__username"))


@pytest.fixture
def process(draft: Draft, lea: Person) -> StandardVersion:
    """A process in force with a measure in words."""
    version = draft(kind="process", area="incident-response", words="Calls a night", before="4")
    acts.put_in_force.perform(lea, version)
    return StandardVersion.objects.get()


def test_a_measure_in_words_is_read_by_somebody(
    process: StandardVersion, jun: Person, sam: Person, ann: Person, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="too early"):
        acts.read_measure.perform(jun, process, value="1")
    clock.shift(timedelta(days=31))
    with pytest.raises(CannotBeDone, match="not read again"):
        acts.confirm_effect.perform(sam, process, effect=Effect.UNCHANGED, why="No.")
    with pytest.raises(CannotBeDone, match="1 to 200"):
        acts.read_measure.perform(jun, process, value=" ")
    acts.read_measure.perform(jun, process, value="4 as before")
    with pytest.raises(CannotBeDone, match="read already"):
        acts.read_measure.perform(jun, process, value="3")
    with pytest.raises(CannotBeDone, match="L3 or above"):
        acts.confirm_effect.perform(ann, process, effect=Effect.UNCHANGED, why="No.")
    with pytest.raises(CannotBeDone, match="Somebody else"):
        acts.confirm_effect.perform(lea, process, effect=Effect.UNCHANGED, why="No.")
    with pytest.raises(CannotBeDone, match="what the readings say"):
        acts.confirm_effect.perform(sam, process, effect=Effect.UNCHANGED, why=" ")
    acts.confirm_effect.perform(sam, process, effect=Effect.UNCHANGED, why="It was four before.")
    assert shown() == [("IR-L4-4", "lea", "sam")], "no effect is worth knowing too"
    with pytest.raises(CannotBeDone, match="confirmed already"):
        acts.confirm_effect.perform(sam, process, effect=Effect.WORSE, why="Hm.")


def test_only_what_is_in_force_is_read_and_confirmed(
    draft: Draft, sam: Person, jun: Person
) -> None:
    version = draft(words="Calls", before="4")
    with pytest.raises(CannotBeDone, match="draft"):
        acts.read_measure.perform(jun, version, value="1")
    with pytest.raises(CannotBeDone, match="draft"):
        acts.confirm_effect.perform(sam, version, effect=Effect.WORSE, why="Hm.")


@pytest.fixture
def report(draft: Draft, lea: Person, sam: Person, team: Team, shop: Component):
    """`report("monitoring")`: a standard in force that was checked; Sam leads the shop."""
    team.members.add(sam, lea)

    def in_force(area: str) -> StandardVersion:
        version = draft(area=area)
        acts.add_check.perform(lea, version, check="has-chart")
        acts.put_in_force.perform(lea, version)
        run()
        return StandardVersion.objects.latest("pk")

    return in_force


def hold(version: StandardVersion, by: Person, **given) -> None:
    terms = {"at": clock.now() - timedelta(hours=1), "participants": ("sam",)}
    acts.hold_session.perform(by, version, **terms | given)


def test_the_session_may_come_after_the_report(report, lea: Person, sam: Person) -> None:
    version = report("monitoring")
    acts.accept_report.perform(sam, version, component="shop", word="Right.")
    assert shown() == []
    with pytest.raises(CannotBeDone, match="already"):
        acts.accept_report.perform(sam, version, component="shop", word="Right.")
    hold(version, lea)
    assert shown() == [], "that it was held is their own word"
    acts.accept_report.perform(sam, version, component="shop", word="I was there: two charts.")
    assert shown() == [("MO-L4-3", "lea", "sam")]
    with pytest.raises(CannotBeDone, match="already"):
        acts.accept_report.perform(sam, version, component="shop", word="Again.")


def test_the_session_of_somebody_else_is_not_theirs(report, make_person, sam: Person) -> None:
    version = report("monitoring")
    hold(version, make_person("leo", 4))
    acts.accept_report.perform(sam, version, component="shop", word="Right.")
    assert shown() == []


def test_who_accepts_a_report(report, lea: Person, sam: Person, ann: Person) -> None:
    version = report("maintenance")
    for person, component, word, said in (
        (ann, "shop", "x", "led by the seniors"),
        (lea, "shop", "x", "put it in force"),
        (sam, "moon", "x", "no component"),
        (sam, "shop", " ", "1 to 1000"),
    ):
        with pytest.raises(CannotBeDone, match=said):
            acts.accept_report.perform(person, version, component=component, word=word)
    acts.accept_report.perform(sam, version, component="shop", word="A chart by Friday.")
    assert shown() == [("MA-L4-3", "lea", "sam")]
    with pytest.raises(CannotBeDone, match="already"):
        acts.accept_report.perform(sam, version, component="shop", word="Again.")


def test_a_session_was_held_with_others(report, lea: Person) -> None:
    version = report("monitoring")
    with pytest.raises(CannotBeDone, match="not been held"):
        hold(version, lea, at=clock.now() + timedelta(hours=1))
    with pytest.raises(CannotBeDone, match="who took part"):
        hold(version, lea, participants=("lea",))


def test_incident_response_has_no_duty_of_accepting(report, sam: Person) -> None:
    acts.accept_report.perform(sam, report("incident-response"), component="shop", word="Right.")
    assert shown() == []
