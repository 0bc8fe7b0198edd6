"""Going on after ten minutes of silence, from the page; and what a closed account asked for."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.acts.test_rest import bearer, post

from watchbill.acts.kinds import Act
from watchbill.acts.models import Entry
from watchbill.acts.perform import NoGoAhead, answer
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db
BUTTON = 'value="go-on"'


def asks_page(person: Person) -> str:
    browser = Client()
    browser.force_login(person)
    return browser.get("/asks").content.decode()


def press(person: Person, asked: Entry) -> None:
    browser = Client()
    browser.force_login(person)
    browser.post(f"/asks/{asked.pk}/answer", {"word": "go-on"})


@pytest.fixture
def asking(house: House) -> House:
    house.dials = {}
    house.save()
    return house


def test_the_button_comes_after_ten_minutes_and_does_what_was_asked(
    describe: Act, shop: Component, jun: Person, ann: Person, asking: House
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    assert BUTTON not in asks_page(jun)
    press(jun, asked)
    assert not Entry.objects.filter(answers=asked).exists()
    clock.shift(timedelta(minutes=11))
    assert BUTTON in asks_page(jun)
    assert BUTTON not in asks_page(ann)
    press(ann, asked)
    assert not Entry.objects.filter(answers=asked).exists()
    press(jun, asked)
    done = Entry.objects.get(answers=asked)
    assert (done.state, done.stamp, done.by) == ("done", "went on after silence", jun)
    shop.refresh_from_db()
    assert shop.description == "sells"


def test_no_button_where_silence_performs_nothing(
    describe: Act, shop: Component, jun: Person, sam: Person, house: House
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    clock.shift(timedelta(minutes=11))
    assert BUTTON not in asks_page(jun)  # the house enforces
    house.dials = {}
    house.save()
    Component.objects.filter(pk=shop.pk).update(stakes=Tier.CRITICAL)
    second = describe.perform(sam, shop, text="sells")
    clock.shift(timedelta(minutes=11))
    assert BUTTON not in asks_page(sam)  # a second person is needed, not patience
    for one in (asked, second):
        assert post(one.by, f"asks/{one.pk}/answer", {"word": "go-on"}).status_code == 409


def test_what_a_closed_account_asked_for_is_not_done(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    Person.objects.filter(pk=jun.pk).update(is_active=False)
    with pytest.raises(NoGoAhead, match="closed"):
        answer(asked.pk, ann, go_ahead=True)
    assert Client().get("/api/v1/asks", **bearer(ann)).json()["asked"] == []


def test_nothing_is_done_for_an_account_that_was_closed_after_arming(
    describe: Act, shop: Component, ann: Person
) -> None:
    from watchbill.acts.perform import Call, submit

    robot = Person.objects.create(username="robot", automation=True)
    assert submit("test.describe", robot, shop, {"text": "a"}, Call(armed_by=ann)).state == "done"
    ann.is_active = False
    ann.save()
    again = submit("test.describe", robot, shop, {"text": "b"}, Call(armed_by=ann))
    assert again.state == "refused"


def test_a_refusal_says_what_to_do_at_the_tier_that_was_asked_for(
    team, house: House, ann: Person
) -> None:
    given = {"on": house.ref, "name": "Vault", "owner": team.slug, "tier": "critical"}
    refused = post(ann, "acts/catalog.add_component", given)
    assert refused.status_code == 403
    assert "L4" in refused.json()["instead"]
