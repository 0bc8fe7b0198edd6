"""Secrets given to an act are erased once nothing waits to use them."""

import pytest

from watchbill.accounts.ticks import sweep
from watchbill.acts.kinds import Act
from watchbill.acts.models import Entry, Kept
from watchbill.acts.perform import GO_AHEAD_HOLDS_FOR, Call, submit
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db


def sealed() -> list[str]:
    return [kept.value for kept in Kept.objects.filter(sealed=True)]


def test_secrets_of_an_ask_that_nobody_answered_are_erased(
    describe: Act,
    shop: Component,
    jun: Person,
) -> None:
    describe.perform(jun, shop, text="sells", key="hush")
    sweep(clock.now())
    assert all(sealed())  # somebody may still give the go-ahead
    clock.shift(GO_AHEAD_HOLDS_FOR * 2)
    sweep(clock.now())
    assert sealed() == [""]


def test_secrets_are_erased_when_the_actor_goes_on_without_an_answer(
    describe: Act,
    shop: Component,
    jun: Person,
    house: House,
) -> None:
    house.dials = {}
    house.save()
    given = {"text": "sells", "key": "hush"}
    asked = submit("test.describe", jun, shop, given)
    clock.shift(GO_AHEAD_HOLDS_FOR * 0.8)
    assert submit("test.describe", jun, shop, given, Call(again=asked.pk)).state == "done"
    assert Entry.objects.count() == 2
    assert sealed() == ["", ""]
