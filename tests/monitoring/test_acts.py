"""Reporting and answering: nobody is kept from reporting; who answers stands above."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import MakePerson

from watchbill.acts import timeline
from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.acts.perform import answer, submit
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.monitoring import acts, reads
from watchbill.monitoring.models import Report
from watchbill.people.models import House, Person, Team

pytestmark = pytest.mark.django_db
DO, WAIT, REFUSE = Effect.DO, Effect.WAIT, Effect.REFUSE
START = datetime(2026, 3, 3, 2, 41, tzinfo=UTC)


def report(by: Person, on: Any, **given: Any) -> Report:
    entry = acts.report_anomaly.perform(
        by, on, what="errors doubled", start=START, end=START + timedelta(minutes=10), **given
    )
    return Report.objects.get(pk=entry.came_of_it["ref"].partition(":")[2])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("report_anomaly", [DO, DO, DO, DO]),
        ("triage", [WAIT, DO, DO, DO]),
        ("set_chart", [REFUSE, WAIT, DO, DO]),
    ],
)
def test_levels(
    name: str, wanted: list[Effect], make_person: MakePerson, checkout: Component, jun: Person
) -> None:
    on = report(jun, checkout) if name == "triage" else checkout
    people = [make_person(f"p{level}", level) for level in (1, 2, 3, 4)]
    assert [KINDS[f"monitoring.{name}"].may(person, on).effect for person in people] == wanted


def test_a_report_is_in_the_timeline_of_its_component(jun: Person, checkout: Component) -> None:
    made = report(jun, checkout, query="rate(errors[5m])")
    assert (made.component, made.level, made.answer) == (checkout, 1, "open")
    assert made.freeze_after is not None
    (entry,) = timeline.of(checkout)
    assert (entry.says, entry.mode) == ("reported an anomaly: errors doubled", "alone")
    assert list(timeline.of(made)) == [entry]
    checkout.refresh_from_db()
    assert checkout.version == 0  # a report disturbs nobody's go-ahead


def test_on_the_house_when_nobody_can_tell(jun: Person, house: House) -> None:
    made = report(jun, house)
    assert made.component is None
    assert made.freeze_after is None


def test_from_a_form_or_json(jun: Person, checkout: Component) -> None:
    submit(
        "monitoring.report_anomaly", jun, checkout,
        {"what": "odd", "start": "2026-03-03T03:41:00+01:00"},
    )  # fmt: skip
    made = Report.objects.get()
    assert made.start == START
    assert made.end > START


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"end": START}, "end"),
        ({"start": START, "end": START - timedelta(1)}, "end"),
        ({"what": " "}, "what"),
        ({"what": "x" * 501}, "what"),
    ],
)
def test_a_report_that_makes_no_sense(
    given: dict[str, Any], field: str, jun: Person, checkout: Component
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        acts.report_anomaly.perform(jun, checkout, **{"what": "odd", "start": START, **given})
    assert caught.value.field == field


def test_only_about_components_and_the_house(jun: Person, team: Team, house: House) -> None:
    with pytest.raises(CannotBeDone, match="about a component"):
        acts.report_anomaly.perform(jun, team, what="odd", start=START)


@pytest.mark.parametrize(
    ("reporter", "receiver", "may"),
    [(1, 1, False), (1, 2, True), (2, 2, False), (2, 3, True), (3, 3, False), (3, 4, True),
     (4, 3, False), (4, 4, True)],
)  # fmt: skip
def test_a_receiver_stands_above(
    reporter: int, receiver: int, may: bool, make_person: MakePerson, checkout: Component
) -> None:
    made = report(make_person("ria", reporter), checkout)
    other = make_person("ron", receiver)
    assert (list(reads.waiting_for(other)) == [made]) is may
    if may:
        entry = acts.triage.perform(other, made, answer="noise", because="a test")
        assert entry.state == "done"
        made.refresh_from_db()
        assert (made.answer, made.because, made.answered_by) == ("noise", "a test", other)
        assert not reads.waiting_for(other)
    else:
        with pytest.raises(CannotBeDone, match="stands above"):
            acts.triage.perform(other, made, answer="noise", because="a test")


def test_nobody_answers_their_own(lea: Person, checkout: Component) -> None:
    made = report(lea, checkout)
    assert not reads.waiting_for(lea)
    with pytest.raises(CannotBeDone, match="their own"):
        acts.triage.perform(lea, made, answer="real", because="so")


def test_it_is_answered_once_with_a_reason(ann: Person, jun: Person, checkout: Component) -> None:
    made = report(jun, checkout)
    with pytest.raises(CannotBeDone, match="Say why"):
        acts.triage.perform(ann, made, answer="known", because="  ")
    acts.triage.perform(ann, made, answer="known", because="the cache restarts at night")
    with pytest.raises(CannotBeDone, match="already: known"):
        acts.triage.perform(ann, made, answer="real", because="no")


def test_a_report_keeps_the_level_it_was_made_at(
    make_person: MakePerson, jun: Person, checkout: Component
) -> None:
    made = report(jun, checkout)
    assert Report.objects.filter(pk=made.pk, level=1).exists()
    assert made.why_not_received_by(make_person("bea", 2)) is None


def test_charts_are_set_replaced_and_taken_away(sam: Person, checkout: Component) -> None:
    acts.set_chart.perform(sam, checkout, title="Errors", query="a")
    acts.set_chart.perform(sam, checkout, title="Latency", query="b", unit="seconds")
    acts.set_chart.perform(sam, checkout, title="Errors", query="c", unit="percent")
    checkout.refresh_from_db()
    assert checkout.charts == [
        {"title": "Errors", "query": "c", "unit": "percent"},
        {"title": "Latency", "query": "b", "unit": "seconds"},
    ]
    acts.set_chart.perform(sam, checkout, title="Errors")
    checkout.refresh_from_db()
    assert [chart["title"] for chart in checkout.charts] == ["Latency"]
    with pytest.raises(CannotBeDone, match="no such unit"):
        acts.set_chart.perform(sam, checkout, title="X", query="x", unit="miles")


def test_a_chart_by_an_associate_waits_for_a_guide(
    ann: Person, sam: Person, checkout: Component
) -> None:
    asked = acts.set_chart.perform(ann, checkout, title="Errors", query="a")
    checkout.refresh_from_db()
    assert (asked.state, checkout.charts) == ("asked", [])
    answer(asked.pk, sam, go_ahead=True)
    checkout.refresh_from_db()
    assert len(checkout.charts) == 1


def test_marks_come_from_the_ledger(sam: Person, checkout: Component) -> None:
    acts.set_chart.perform(sam, checkout, title="Errors", query="a")
    assert reads.marks(checkout, clock.now() - timedelta(hours=1)) == []


def test_a_find_is_closed_and_a_week_later_confirmed(
    checkout: Component, jun: Person, ann: Person, sam: Person, make_person: MakePerson
) -> None:
    found = report(ann, checkout)
    with pytest.raises(CannotBeDone, match="answered as real"):
        acts.close_find.perform(ann, found, cause="A full disk.")
    acts.triage.perform(sam, found, answer="real", because="The disk is full.")
    found.refresh_from_db()
    other = make_person("other", 2)
    with pytest.raises(CannotBeDone, match="Its finder closes it"):
        acts.close_find.perform(other, found, cause="A full disk.")
    with pytest.raises(CannotBeDone, match="not closed"):
        acts.confirm_find.perform(other, found)
    acts.close_find.perform(ann, found, cause="A full disk; the old logs are gone.")
    found.refresh_from_db()
    with pytest.raises(CannotBeDone, match="closed already"):
        acts.close_find.perform(ann, found, cause="Again.")
    with pytest.raises(CannotBeDone, match="not earlier"):
        acts.confirm_find.perform(other, found)
    clock.shift(timedelta(days=7, minutes=1))
    for who, told in ((ann, "themselves"), (jun, "L2 or above")):
        with pytest.raises(CannotBeDone, match=told):
            acts.confirm_find.perform(who, found)
    assert [list(reads.to_confirm(who)) for who in (other, ann, jun)] == [[found], [], []]
    done = acts.confirm_find.perform(other, found)
    shown = done.shown.get()
    assert (shown.duty, shown.person, shown.witness) == ("MO-L2-2", ann, other)
    assert not reads.to_confirm(other).exists()


def test_a_find_that_came_back_or_was_guided_is_not_confirmed(
    checkout: Component, jun: Person, ann: Person, sam: Person
) -> None:
    found = report(jun, checkout)
    acts.triage.perform(sam, found, answer="real", because="The disk is full.")
    found.refresh_from_db()
    asked = acts.close_find.perform(jun, found, cause="A full disk.")
    answer(asked.pk, sam, go_ahead=True)
    found.refresh_from_db()
    clock.shift(timedelta(days=7, minutes=1))
    with pytest.raises(CannotBeDone, match="with a go-ahead"):
        acts.confirm_find.perform(ann, found)
    Report.objects.filter(pk=found.pk).update(closed_alone=True)
    again = report(ann, checkout)
    began = found.closed_at + timedelta(days=1)
    Report.objects.filter(pk=again.pk).update(answer="real", start=began)
    with pytest.raises(CannotBeDone, match="again within seven days"):
        acts.confirm_find.perform(ann, Report.objects.get(pk=found.pk))
