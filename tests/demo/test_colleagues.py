"""Colleagues answer by themselves: soon, stamped, for example people only."""

from datetime import timedelta
from pathlib import Path

import pytest

from watchbill.acts import perform
from watchbill.acts.models import Entry
from watchbill.catalog.models import Component
from watchbill.demo import acts, colleagues, presence, seed
from watchbill.demo.models import Scene
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident, Seat
from watchbill.lib import clock
from watchbill.maintenance import acts as maintenance
from watchbill.maintenance.models import Change, Progress
from watchbill.monitoring.acts import report_anomaly
from watchbill.monitoring.models import Report
from watchbill.people import example
from watchbill.people.models import House, Person, Team
from watchbill.practice.acts import debrief
from watchbill.practice.models import Debrief

pytestmark = pytest.mark.django_db
SOON, MUCH_LATER = timedelta(seconds=11), timedelta(seconds=50)


@pytest.fixture(autouse=True)
def shown(settings, tmp_path: Path, house: House) -> None:
    """The example runs."""
    settings.DATA = tmp_path
    example.mark().parent.mkdir()
    example.mark().touch()


@pytest.fixture
def cast(make_person) -> dict[str, Person]:
    """The example people."""
    levels = {"junior": 1, "associate": 2, "senior": 3, "lead": 4}
    people = {name: make_person(name, level) for name, level in levels.items()}
    Person.objects.update(example=True)
    for person in people.values():
        person.example = True
    return people


@pytest.fixture
def shop(team: Team) -> Component:
    return Component.objects.create(slug="shop", name="Shop", owner=team)


@pytest.fixture
def incident(cast, shop: Component) -> Incident:
    made = incidents.declare.perform(cast["junior"], shop, title="It fails", severity="sev4")
    return Incident.objects.get(pk=made.came_of_it["number"])


def wait(length: timedelta = SOON) -> int:
    """What colleagues did meanwhile, one thing after the other."""
    clock.shift(length)
    return sum(colleagues.tick(clock.now()) for _ in range(5))


def asked(cast: dict[str, Person], incident: Incident) -> Entry:
    """The junior asks to take a seat."""
    ask = incidents.take_seat.perform(cast["junior"], incident)
    assert ask.state == "asked"
    return ask


def test_a_go_ahead_comes_after_some_seconds_and_says_whose_it_is(cast, incident) -> None:
    ask = asked(cast, incident)
    assert colleagues.tick(clock.now()) == 0
    assert wait() == 1
    answer = Entry.objects.get(answers=ask)
    assert (answer.state, answer.by, answer.guide) == ("done", cast["junior"], cast["associate"])
    assert (answer.via, answer.stamp) == ("work", "example colleague")
    assert answer.reason


def test_what_cannot_be_done_any_more_is_held_with_the_reason(cast, incident) -> None:
    ask = asked(cast, incident)
    Incident.objects.filter(pk=incident.pk).update(state=Incident.State.CLOSED)
    assert wait() == 1
    answer = Entry.objects.get(answers=ask)
    assert (answer.state, answer.stamp) == ("held", "example colleague")
    assert "cannot be done now" in answer.reason


def test_whoever_is_there_is_left_the_time_to_answer_herself(cast, incident) -> None:
    asked(cast, incident)
    presence.note(cast["senior"])
    assert wait() == 0
    assert wait(MUCH_LATER) == 1


def test_somebody_who_is_used_never_answers_by_herself(cast, incident) -> None:
    ask = asked(cast, incident)
    for name in ("associate", "senior", "lead"):
        presence.note(cast[name])
    assert wait(MUCH_LATER) == 0
    wait(presence.IN_USE_FOR)
    assert Entry.objects.get(answers=ask).guide == cast["associate"]


def test_nobody_of_a_real_team_is_answered(cast, incident, jun: Person) -> None:
    ask = incidents.take_seat.perform(jun, incident)
    assert ask.state == "asked"
    assert wait(MUCH_LATER) == 0


def test_a_learner_is_accepted_by_somebody_who_may_alone(cast, incident) -> None:
    incidents.join_under_instruction.perform(cast["junior"], incident)
    assert wait() == 1
    seat = Seat.objects.get(role="under-instruction")
    assert (seat.guide, seat.provisional) == (cast["senior"], False)
    assert Entry.objects.get(kind="incidents.accept_learner").stamp == "example colleague"


def test_a_report_on_a_change_is_acknowledged_by_whom_it_was_told(cast, shop) -> None:
    maintenance.plan_change.perform(cast["associate"], shop, title="More", kind="capacity")
    change = Change.objects.get()
    maintenance.start_change.perform(cast["associate"], change)
    maintenance.record_progress.perform(cast["junior"], change, text="half", to="senior")
    assert wait() == 1
    assert Progress.objects.get().acknowledged_by == cast["senior"]


def test_an_anomaly_is_answered_while_its_reporter_is_there(cast, shop) -> None:
    start = clock.now() - timedelta(hours=1)
    report_anomaly.perform(cast["junior"], shop, what="It climbs", start=start)
    assert wait() == 0  # nobody is there to hear it
    presence.note(cast["junior"])
    assert wait() == 1
    report = Report.objects.get()
    assert (report.answer, report.answered_by) == ("real", cast["associate"])


def test_the_anomaly_that_came_with_the_example_is_left_to_visitors(cast, shop) -> None:
    given = {"what": "It climbs", "start": clock.now() - timedelta(hours=1)}
    call = perform.Call(via="work", stamp=seed.STAMP)
    perform.submit("monitoring.report_anomaly", cast["junior"], shop, given, call)
    presence.note(cast["junior"])
    assert wait() == 0


def test_the_guides_line_follows_the_learners(cast, incident) -> None:
    ask = asked(cast, incident)
    wait()
    answer = Entry.objects.get(answers=ask)
    assert wait() == 0
    debrief.perform(cast["junior"], answer, line="I read the preview first")
    assert wait() == 1
    assert Debrief.objects.get(role="guide").by == cast["associate"]
    assert wait() == 0


def test_they_are_silent_when_told_so_and_while_nothing_is_shown(cast, incident, house) -> None:
    asked(cast, incident)
    acts.set_colleagues.perform(cast["junior"], house, answer="no")
    assert not Scene.now().colleagues
    assert wait() == 0
    acts.set_colleagues.perform(cast["junior"], house, answer="yes")
    example.mark().unlink()
    assert wait() == 0
    example.mark().touch()
    assert wait() == 1


def test_a_request_as_somebody_is_noted_and_grows_old(cast, client) -> None:
    assert not presence.in_use(cast["lead"], clock.now())
    client.force_login(cast["lead"])
    client.get("/glossary")
    assert presence.in_use(cast["lead"], clock.now())
    assert not presence.in_use(cast["junior"], clock.now())
    clock.shift(presence.IN_USE_FOR)
    assert not presence.in_use(cast["lead"], clock.now())


def test_a_stamp_needs_no_answer_to_stand_on_an_act(cast, incident) -> None:
    entry = perform.submit(
        "incidents.note", cast["lead"], incident, {"text": "x"}, perform.Call(stamp="example data")
    )
    assert entry.stamp == "example data"
