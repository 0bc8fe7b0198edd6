"""Two that wait for each other: PostgreSQL ends one of them, and it is tried anew."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from watchbill.acts.kinds import Act
from watchbill.acts.models import Entry
from watchbill.catalog.models import Component
from watchbill.people.models import Person, Team


class Deadlock(Exception):
    """As psycopg tells it."""

    sqlstate = "40P01"


def failing(times: int, cause: Exception) -> tuple[list[int], object]:
    tries: list[int] = []

    def deed(component: Component, by: Person, *, text: str, key: str, phone: str) -> dict:
        component.description += text
        component.save()
        tries.append(1)
        if len(tries) <= times:
            raise OperationalError from cause
        return {}

    return tries, deed


@pytest.mark.parametrize(("times", "cause", "tried"), [(2, Deadlock(), 3), (9, Deadlock(), 3),
                                                        (9, ValueError(), 1)])  # fmt: skip
def test_an_act_is_tried_three_times_and_done_once(
    real_commits: None, describe: Act, shop: Component, ann: Person, times: int, cause, tried: int
) -> None:
    tries, deed = failing(times, cause)
    object.__setattr__(describe, "deed", deed)
    if times < tried:
        assert describe.perform(ann, shop, text="sells").state == "done"
    else:
        with pytest.raises(OperationalError):
            describe.perform(ann, shop, text="sells")
    shop.refresh_from_db()
    done = int(times < tried)
    assert (len(tries), shop.description) == (tried, "sells" * done)
    assert Entry.objects.count() == done


def test_two_that_lock_in_opposite_order_are_both_done(
    real_commits: None, describe: Act, shop: Component, ann: Person, team: Team
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    ours, theirs = threading.Event(), threading.Event()

    def deed(component: Component, by: Person, *, text: str, key: str, phone: str) -> dict:
        ours.set()  # the component is locked
        assert theirs.wait(20)
        Team.objects.filter(pk=team.pk).update(name=text)
        return {}

    object.__setattr__(describe, "deed", deed)

    def other() -> None:
        try:
            with transaction.atomic():
                Team.objects.filter(pk=team.pk).update(name="other")
                theirs.set()
                assert ours.wait(20)
                Component.objects.filter(pk=shop.pk).update(name="other")
        except OperationalError:
            pass  # it was the one to be ended
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert describe.perform(ann, shop, text="sells").state == "done"
    thread.join()
    assert Entry.objects.filter(state="done").count() == 1
