"""Evidence is written with the entry that completes it, and lasts as the ledger does."""

import pytest
from django.db import DatabaseError, transaction

from watchbill.acts.acts import void
from watchbill.acts.kinds import Act, Outcome, act
from watchbill.acts.models import Shown
from watchbill.acts.perform import answer
from watchbill.acts.registry import KINDS
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.ladder import evidence
from watchbill.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirm(jun: Person):
    """Confirming the junior's work on a component, and the work of somebody else."""

    def confirm(component: Component, by: Person, *, duty: str = "MA-L1-2") -> Outcome:
        """Confirm it."""
        return {"shows": [Show(duty, jun, on=component, witness=by)], "kept": 1}

    confirm.__module__ = "watchbill.test"
    yield act("change", shows="MA-L1-2 MA-L1-3", says="confirmed {on}")(confirm)
    del KINDS["test.confirm"]


def test_what_was_shown_is_kept_with_its_witness(
    confirm: Act, shop: Component, jun: Person, ann: Person
) -> None:
    entry = confirm.perform(ann, shop)
    (row,) = Shown.objects.all()
    assert (row.entry, row.duty, row.person, row.on) == (entry, "MA-L1-2", jun, shop.ref)
    assert (row.witness, row.witness_level) == (ann, 2)
    assert entry.came_of_it == {"kept": 1}


def test_nobody_is_the_witness_of_their_own_work(
    confirm: Act, shop: Component, jun: Person, ann: Person
) -> None:
    done = answer(confirm.perform(jun, shop).pk, ann, go_ahead=True)
    (row,) = Shown.objects.filter(entry=done)
    assert row.witness is None


def test_an_ask_shows_nothing(confirm: Act, shop: Component, jun: Person) -> None:
    confirm.perform(jun, shop)
    assert not Shown.objects.exists()


def test_only_what_was_declared_is_shown(confirm: Act, shop: Component, ann: Person) -> None:
    with pytest.raises(ValueError, match="does not declare"):
        confirm.perform(ann, shop, duty="IR-L1-1")


def test_it_is_void_when_the_entry_is(
    confirm: Act, shop: Component, jun: Person, ann: Person, lea: Person
) -> None:
    entry = confirm.perform(ann, shop)
    assert [row.entry for row in evidence.shown(jun)["MA-L1-2"]] == [entry]
    void.perform(lea, entry, why="the wrong one")
    assert evidence.shown(jun) == {}


def test_the_witnessed_of_two_on_one_object_counts(
    confirm: Act, shop: Component, jun: Person, ann: Person
) -> None:
    witnessed = confirm.perform(ann, shop)
    answer(confirm.perform(jun, shop).pk, ann, go_ahead=True)
    assert [row.entry for row in evidence.shown(jun)["MA-L1-2"]] == [witnessed]


@pytest.mark.parametrize("change", ["UPDATE acts_shown SET duty = 'x'", "DELETE FROM acts_shown"])
def test_the_database_refuses_to_change_it(
    confirm: Act, shop: Component, ann: Person, change: str
) -> None:
    from django.db import connection

    confirm.perform(ann, shop)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
    assert Shown.objects.count() == 1
