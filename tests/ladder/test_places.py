"""Every duty that can be practised leads to the page where it is done; places in words."""

import pytest
from django.test import Client

from watchbill.acts.registry import KINDS
from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.ladder.duties import fulfilled
from watchbill.ladder.evidence import GUIDING, acts_for
from watchbill.ladder.places import now, page_of, place_of, provided, resolved
from watchbill.ladder.reads import matrix
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.maintenance.models import Change
from watchbill.people.models import House, Person, Standing, Team
from watchbill.practice.models import Review
from watchbill.proposals import acts as proposals
from watchbill.seats import acts as seats
from watchbill.seats.models import Seat
from watchbill.tours import acts as tours
from watchbill.tours.models import Tour, Walk
from watchbill.tours.reads import EXAMPLE

pytestmark = pytest.mark.django_db
PRACTISED = sorted({duty for kind in KINDS.values() for duty in kind.duties} | {*GUIDING.values()})


@pytest.mark.parametrize("duty", PRACTISED)
def test_there_is_a_page_to_begin_from(client: Client, sam: Person, duty: str) -> None:
    client.force_login(sam)
    assert client.get(page_of(acts_for(duty))).status_code == 200


def test_nothing_leads_nowhere() -> None:
    assert page_of([]) == ""


def test_a_place_in_words(jun: Person) -> None:
    assert matrix(jun).place == (
        "Junior developer in incident response, monitoring and maintenance"
    )
    Standing.objects.create(person=jun, area=Area.MONITORING, level=3, reason="knows it")
    assert matrix(Person.objects.get(pk=jun.pk)).place == (
        "Senior developer in monitoring, Junior developer in incident response and maintenance"
    )


def words(person: Person, duty: str) -> str:
    person.forget()
    place = now(person, duty, acts_for(duty))
    return place.words if place else "nowhere"


def test_what_apps_know_belongs_to_duties_that_there_are() -> None:
    assert set(provided()) <= set(fulfilled())
    assert len(provided()) >= 10


def test_a_page_that_is_not_there_leads_nowhere() -> None:
    assert resolved("nothing:there") == ""
    assert place_of("", ["incidents.note"]) == place_of("IR-L1-1", [])
    assert place_of("", []) is None


def test_without_the_very_thing_it_is_the_page(jun: Person) -> None:
    for duty in provided():
        assert words(jun, duty) == ""


def test_the_very_thing_that_can_be_done_today(
    house: House, team: Team, jun: Person, ann: Person, sam: Person
) -> None:
    shop = Component.objects.create(slug="shop", name="Shop", owner=team)
    team.members.add(jun)
    assert words(jun, "MO-L1-3") == "look at Shop"
    made = incidents.declare.perform(ann, shop, title="Slow", severity="sev4").came_of_it["number"]
    incident = Incident.objects.get(pk=made)
    assert words(ann, "IR-L2-1") == "join “Slow”"
    incidents.take_seat.perform(ann, incident)
    assert words(ann, "IR-L2-1") == "go to “Slow”"
    assert words(sam, "IR-L3-1") == "lead “Slow”"
    incidents.take_lead.perform(sam, Incident.objects.get(pk=made))
    assert words(sam, "IR-L3-1") == ""
    alert = Alert.objects.create(
        fingerprint="1", name="Down", annotations={"summary": "Shop is down"}, state="firing",
        active_at=clock.now(), starts_at=clock.now(), component=shop,
    )  # fmt: skip
    assert words(ann, "MO-L2-2") == f"take “{alert}”"
    Review.objects.create(title="Look back", area="incident-response", lead=sam, about=incident.ref)
    assert words(jun, "IR-L1-4") == "add to “Look back”"
    Change.objects.create(title="More room", component=shop, kind="config", planned_by=sam)
    assert words(jun, "MA-L1-2") == "go on with “More room”"
    mine = Change.objects.create(
        title="Mine", component=shop, kind="config", planned_by=jun, started_by=jun,
        started_at=clock.now(), state=Change.State.UNDER_WAY,
    )  # fmt: skip
    assert words(jun, "MA-L1-2") == "go on with “Mine”"
    jun.forget()
    place = now(jun, "MA-L1-4", [])
    assert place is not None
    assert place.url == mine.get_absolute_url()


def test_what_waits_in_seats_on_tours_and_among_proposals(
    house: House, team: Team, jun: Person, ann: Person, sam: Person
) -> None:
    shop = Component.objects.create(slug="shop", name="Shop", owner=team)
    team.members.add(jun)
    assert words(jun, "MO-L1-2") == "make the watch round of Shop"
    assert words(jun, "MA-L1-1") == "take the tour of Shop"
    tours.publish.perform(sam, house, text=EXAMPLE)
    assert words(jun, "MO-L1-1") == "walk “How busy the shop is”"
    walk = tours.start_walk.perform(jun, Tour.objects.get()).came_of_it["ref"]
    Walk.objects.filter(pk=walk.partition(":")[2]).update(finished_at=clock.now())
    assert words(jun, "MO-L1-1") == ""
    seats.take_watch.perform(ann, shop)
    assert words(ann, "MO-L2-1") == "write to your watch's log"
    seats.hand_over.perform(ann, Seat.objects.get(), to="sam", said="Quiet since noon, as ever.")
    assert words(sam, "MO-L2-1") == "accept the watch that is handed over to you"
    assert words(ann, "MA-L2-1") == ""
    seats.assign.perform(sam, shop, role="caretaker", person="ann")
    assert words(ann, "MA-L2-1") == "accept the caretaker's seat"
    seats.accept_seat.perform(ann, Seat.objects.get(role="caretaker"))
    assert words(ann, "MA-L2-1") == "go on as caretaker"
    process = {"kind": "process", "area": "incident-response", "text": "Sooner."}
    proposals.propose.perform(ann, house, title="Tell support", **process)
    assert words(ann, "IR-L3-4") == ""
    assert words(sam, "IR-L3-4") == "take a position on “Tell support”"
