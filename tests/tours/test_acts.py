"""Walking and seeing: what is refused, what counts, what is shown of whom."""

from datetime import timedelta

import pytest
from tests.tours.reading import reads

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.prometheus import TelemetryAway
from watchbill.tours import acts, judge
from watchbill.tours.models import Tour, Walk
from watchbill.tours.reads import EXAMPLE, lines, to_be_seen

ALL = {"count(up)": 3, "count(up == 0) or vector(0)": 0, "max(rate(failed[5m]))": 0.02}


def finished(walk: Walk, by: Person) -> None:
    for step, text in enumerate(("3", "0", "2 %", "It is well."), 1):
        acts.answer.perform(by, walk, step=step, text=text)
    reads(ALL)
    acts.finish.perform(by, walk)
    walk.refresh_from_db()


def test_a_walk_is_begun_once_and_is_ones_own(
    walk: Walk, checkout: Component, jun: Person, ann: Person
) -> None:
    with pytest.raises(CannotBeDone, match="began it already"):
        acts.start_walk.perform(jun, checkout, of="charts")
    with pytest.raises(CannotBeDone, match="Jun's walk"):
        acts.answer.perform(ann, walk, step=1, text="3")
    with pytest.raises(CannotBeDone, match="Jun's walk"):
        acts.finish.perform(ann, walk)
    with pytest.raises(CannotBeDone, match="no such tour"):
        acts.start_walk.perform(jun, checkout, of="cellar")
    with pytest.raises(CannotBeDone, match="no such tour"):
        acts.start_walk.perform(jun, jun)


def test_answers_that_make_no_sense_are_told(walk: Walk, jun: Person) -> None:
    for step, text, told in ((1, "many", "not read as a number"), (9, "3", "no such step"),
                             (4, " ", "1 to 1000")):  # fmt: skip
        with pytest.raises(CannotBeDone, match=told):
            acts.answer.perform(jun, walk, step=step, text=text)
    with pytest.raises(CannotBeDone, match="no value to capture"):
        acts.capture.perform(jun, walk, step=1, remark="fine")
    with pytest.raises(CannotBeDone, match="4 steps have no answer yet: 1, 2, 3, 4"):
        acts.finish.perform(jun, walk)


def test_a_wrong_answer_is_looked_at_again_and_every_try_is_kept(walk: Walk, jun: Person) -> None:
    acts.answer.perform(jun, walk, step=1, text="8")
    assert lines(walk)[0].state == "waits"
    assert reads(ALL) == 1
    first = lines(walk)[0]
    assert (first.state, first.read) == ("again", "3")
    acts.answer.perform(jun, walk, step=1, text="3")
    reads(ALL)
    first = lines(walk)[0]
    assert (first.state, [one.text for one in first.tries]) == ("right", ["3", "8"])


def test_who_sees_the_answers(walk: Walk, jun: Person, ann: Person, make_person) -> None:
    peer = make_person("peer", 1)
    with pytest.raises(CannotBeDone, match="not finished"):
        acts.see_answers.perform(ann, walk, said="Good.")
    finished(walk, jun)
    assert list(to_be_seen(ann)) == [walk]
    assert not to_be_seen(peer).exists()
    assert not to_be_seen(jun).exists()
    with pytest.raises(CannotBeDone, match="stands above L1"):
        acts.see_answers.perform(peer, walk, said="Good.")
    with pytest.raises(CannotBeDone, match="their own"):
        acts.see_answers.perform(jun, walk, said="Good.")
    with pytest.raises(CannotBeDone, match="not judged yet: 4"):
        acts.see_answers.perform(ann, walk, said="Good.")
    with pytest.raises(CannotBeDone, match="where to look"):
        acts.judge.perform(ann, walk, step=4, verdict="look again")
    with pytest.raises(CannotBeDone, match="checked against"):
        acts.judge.perform(ann, walk, step=1, verdict="right")
    acts.judge.perform(ann, walk, step=4, verdict="look again", told="Look at a whole day.")
    with pytest.raises(CannotBeDone, match="spot-checked"):
        acts.spot_check.perform(ann, walk, step=1, verdict="holds", told="3")
    acts.see_answers.perform(ann, walk, said="Good.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MO-L1-1", jun, ann)
    assert shown.on == walk.component.ref
    with pytest.raises(CannotBeDone, match="seen it already"):
        acts.see_answers.perform(ann, walk, said="Again.")
    assert not to_be_seen(ann).exists()


def test_at_the_top_another_at_the_top_sees_them(checkout: Component, make_person) -> None:
    lea, leo = make_person("lea", 4), make_person("leo", 4)
    acts.start_walk.perform(lea, checkout, of="charts")
    walk = Walk.objects.get()
    finished(walk, lea)
    assert list(to_be_seen(leo)) == [walk]
    assert walk.why_not_seen_by(leo) == ""


def test_a_round_is_spot_checked_on_a_value_that_was_captured(
    house: House, jun: Person, ann: Person
) -> None:
    acts.start_walk.perform(jun, house, of="round")
    walk = Walk.objects.get()
    with pytest.raises(CannotBeDone, match="captured, not typed"):
        acts.answer.perform(jun, walk, step=1, text="0")
    for step in range(1, len(walk.steps) + 1):
        acts.capture.perform(jun, walk, step=step, remark="as usual")
    reads({walk.steps[0].query: 0})
    acts.finish.perform(jun, walk)
    with pytest.raises(CannotBeDone, match="is spot-checked"):
        acts.see_answers.perform(ann, walk, said="Good.")
    with pytest.raises(CannotBeDone, match="No value was captured"):
        acts.spot_check.perform(ann, walk, step=2, verdict="holds", told="30 %")
    acts.spot_check.perform(ann, walk, step=1, verdict="differs", told="One is down by now.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.on, shown.witness) == ("MO-L1-2", house.ref, ann)
    assert lines(walk)[0].look == ("warn", "differs")


def test_walks_go_on_as_they_began(house: House, sam: Person, jun: Person) -> None:
    acts.publish.perform(sam, house, text=EXAMPLE)
    tour = Tour.objects.get()
    acts.start_walk.perform(jun, tour)
    acts.publish.perform(sam, house, text=EXAMPLE.replace("## Requests", "## Targets"))
    tour.refresh_from_db()
    assert (tour.in_force.number, tour.versions.count()) == (2, 2)
    assert Walk.objects.get().steps[0].title == "Requests"


def test_what_a_tour_names_must_be_there(house: House, checkout: Component, sam: Person) -> None:
    link = "## Code\n```text\nWhat is new?\nlink: Repository\n```\n"
    fact = "## Owner\n```fact\nWho runs it?\nfact: owner\n```\n"
    for text, told in (
        (f"---\ntitle: t\n---\n{link}", "no link 'Repository'"),
        (f"---\ntitle: t\ncomponent: checkout\n---\n{link}", "no link 'Repository'"),
        (f"---\ntitle: t\n---\n{fact}", "there is no component"),
        (f"---\ntitle: t\ncomponent: nix\n---\n{fact}", "no component 'nix'"),
        ("no tour", "line 1: there is no head"),
    ):
        with pytest.raises(CannotBeDone, match=told):
            acts.publish.perform(sam, house, text=text)
    checkout.links = {"Repository": "https://git.example.org"}
    checkout.save()
    acts.publish.perform(sam, house, text=f"---\ntitle: t\ncomponent: checkout\n---\n{link}{fact}")
    acts.start_walk.perform(sam, Tour.objects.get())
    walk = Walk.objects.get()
    assert walk.steps[0].page == "https://git.example.org"
    done = acts.answer.perform(sam, walk, step=2, text="  shop TEAM ")
    assert done.came_of_it["right"] is True


def test_a_critical_component_has_its_tours_written_by_a_lead(
    checkout: Component, house: House, sam: Person
) -> None:
    checkout.stakes = 2
    checkout.save()
    text = "---\ntitle: t\ncomponent: checkout\n---\n## A\n```text\nWhat?\n```\n"
    assert acts.publish.perform(sam, house, text=text).state == "asked"


def test_telemetry_that_is_away_is_asked_again_and_given_up(walk: Walk, jun: Person) -> None:
    def away(*given: object) -> list[object]:
        raise TelemetryAway("nothing answers")

    acts.answer.perform(jun, walk, step=1, text="3")
    assert judge.tick(clock.now(), away, away) == 0
    assert judge.tick(clock.now(), away, away) == 0  # not due yet
    clock.shift(timedelta(minutes=3))
    assert judge.tick(clock.now(), away, away) == 1
    found = walk.answers.get()
    assert (found.right, found.value) == (None, None)
    assert "nothing answers" in found.problem


@pytest.mark.parametrize(
    ("values", "problem"),
    [([], "nothing is there"), ([float("nan")], "no number")],
)
def test_what_is_not_there_is_said(
    walk: Walk, jun: Person, values: list[float], problem: str
) -> None:
    acts.answer.perform(jun, walk, step=1, text="3")
    reads({"count(up)": values})
    assert problem in walk.answers.get().problem
