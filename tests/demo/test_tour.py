"""The tour's progress is read from the ledger; starting over ends what is under way, no more."""

from pathlib import Path

import pytest
from django.test import Client

from watchbill import serve
from watchbill.acts.models import Entry
from watchbill.catalog.models import Component
from watchbill.demo import acts, install, library, over, place, seed
from watchbill.demo.models import Order, Scene
from watchbill.incidents import acts as incidents
from watchbill.incidents.models import Incident
from watchbill.lib.levels import Area
from watchbill.people import example
from watchbill.people.models import House, Person, Standing, Team
from watchbill.runbooks import acts as runbooks
from watchbill.runbooks.models import Run

pytestmark = pytest.mark.django_db
HERE = ["localhost", "127.0.0.1", "[::1]", ".localhost", ""]


@pytest.fixture(autouse=True)
def shown(settings, tmp_path: Path, house: House) -> None:
    """The example runs."""
    settings.DATA, settings.ALLOWED_HOSTS = tmp_path, HERE
    example.mark().parent.mkdir()
    example.mark().touch()


@pytest.fixture
def cast(make_person) -> dict[str, Person]:
    """The example people."""
    levels = {"junior": 1, "associate": 2, "senior": 3, "lead": 4, "crossing": 1}
    for name, level in levels.items():
        make_person(name, level)
    Person.objects.update(example=True)
    return {name: Person.objects.get(username=name) for name in levels}


@pytest.fixture
def shop(team: Team) -> Component:
    """What the example people run."""
    for slug in ("payments", "catalogue", "checkout"):
        made = Component.objects.create(slug=slug, name=slug.capitalize(), owner=team)
    return made


def now(person: Person) -> str:
    """The first page as somebody reads it at an address of their own."""
    client = Client(HTTP_HOST=f"{person.username}.localhost:8420")
    client.force_login(person)
    return client.get("/").content.decode()


def declared(by: Person, shop: Component) -> Incident:
    made = incidents.declare.perform(by, shop, title="It fails", severity="sev4")
    return Incident.objects.get(pk=made.came_of_it["number"])


def test_each_step_is_done_by_doing_it(cast, shop, house) -> None:
    junior = cast["junior"]
    assert "0 of 5 done" in now(junior)
    acts.break_it.perform(junior, house, fault="errors")
    assert "1 of 5 done" in now(junior)
    incidents.join_under_instruction.perform(junior, declared(junior, shop))
    assert "2 of 5 done" in now(junior)
    assert "2 of 5 done" in now(cast["senior"])
    acts.start_over.perform(junior, house)
    assert "0 of 5 done" in now(junior)


def test_it_is_put_away_by_each_for_themselves(cast, house) -> None:
    junior, senior = cast["junior"], cast["senior"]
    acts.set_tour.perform(junior, junior, shown="no")
    page = now(junior)
    assert "Five steps" not in page
    assert "Show the tour" in page
    assert "Five steps" in now(senior)
    assert acts.set_tour.perform(junior, junior, shown="yes").state == "done"
    assert "Five steps" in now(junior)
    with pytest.raises(acts.CannotBeDone):
        acts.set_tour.perform(senior, junior, shown="no")


def test_the_bar_names_the_address_and_leads_to_the_others(cast) -> None:
    page = now(cast["junior"])
    assert "own address. <span" in page
    assert 'href="http://senior.localhost:8420/"' in page


def test_a_real_team_sees_nothing_of_it(cast, sam: Person) -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(sam)
    page = client.get("/").content.decode()
    assert "team-bar" not in page
    assert "Five steps" not in page


def test_without_the_example_nothing_is_shown_or_set(cast, house) -> None:
    example.mark().unlink()
    assert "Five steps" not in now(cast["junior"])
    with pytest.raises(acts.CannotBeDone):
        acts.start_over.perform(cast["junior"], house)
    with pytest.raises(acts.CannotBeDone):
        acts.break_it.perform(cast["junior"], house, fault="errors")


def test_starting_over_is_ordered_and_keeps_the_ledger(cast, house) -> None:
    acts.break_it.perform(cast["junior"], house, fault="errors")
    before = Entry.objects.count()
    entry = acts.start_over.perform(cast["junior"], house)
    assert Order.objects.get(pk=entry.came_of_it["order"]).word == Order.Word.START_OVER
    assert Scene.now().begun_at > Order.objects.earliest("pk").at
    assert Entry.objects.count() == before + 1


def test_what_example_people_have_under_way_ends(cast, shop, house) -> None:
    junior, lead = cast["junior"], cast["lead"]
    incident = declared(junior, shop)
    incidents.join_under_instruction.perform(junior, incident)
    text = library.runbooks({"checkout": 1, "payments": 2, "catalogue": 3})["checkout-errors"]
    assert runbooks.publish.perform(lead, house, text=text).state == "done"
    runbooks.start_run.perform(junior, incident, runbook="checkout-errors")
    ask = incidents.take_seat.perform(junior, incident)
    over.end_all()
    incident.refresh_from_db()
    assert incident.state == "closed"
    assert not incident.seats.filter(until=None).exists()
    assert Run.objects.get().state == "halted"
    assert Entry.objects.get(answers=ask).state == "withdrawn"
    stamped = Entry.objects.filter(stamp="example started over")
    assert {entry.kind for entry in stamped} == {
        "incidents.resolve", "incidents.close", "runbooks.halt", "incidents.take_seat",
    }  # fmt: skip


def test_what_a_real_team_has_under_way_goes_on(cast, shop, sam: Person) -> None:
    own, shared = declared(sam, shop), declared(cast["junior"], shop)
    incidents.take_seat.perform(sam, shared)
    over.end_all()
    assert set(Incident.objects.values_list("pk", "state")) == {
        (own.pk, "declared"), (shared.pk, "investigating"),
    }  # fmt: skip


def test_every_item_of_the_sample_content_is_brought_in_and_labelled(cast, shop) -> None:
    assert seed.bring_in() == len(seed.ITEMS)
    payments = Component.objects.get(slug="payments")
    assert payments.links.keys() == {"Repository", "Documentation"}
    assert set(Entry.objects.values_list("stamp", flat=True)) == {"example data"}


def test_an_item_that_cannot_be_done_does_not_keep_the_others_away(cast, shop, caplog) -> None:
    for area in Area:
        Standing.objects.create(person=cast["senior"], area=area.value, level=1, reason="test")
    assert 0 < seed.bring_in() < len(seed.ITEMS)
    assert "The example goes without its charts" in caplog.text


def test_the_greeting_names_the_own_address_of_each(monkeypatch) -> None:
    assert {username for username, *_ in install.PEOPLE} == set(place.TEAM)
    monkeypatch.setattr(serve.settings, "URL", "http://127.0.0.1:8420")
    assert "  http://junior.localhost:8420/" in serve.own_addresses()
    monkeypatch.setattr(serve.settings, "URL", "https://watch.example.org")
    assert serve.own_addresses() == []


def test_the_page_of_the_example_lists_the_team_and_starts_over(cast, house) -> None:
    acts.start_over.perform(cast["junior"], house)
    client = Client(HTTP_HOST="127.0.0.1:8420")
    client.force_login(cast["junior"])
    page = client.get("/settings/example").content.decode()
    assert "http://lead.localhost:8420/" in page
    assert "Junior started over" in page
