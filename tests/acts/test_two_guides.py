"""Two guides answer at the same instant: one deed."""

import threading

import pytest
from django.db import connections

from watchbill.acts import perform
from watchbill.acts.kinds import Act
from watchbill.acts.models import Entry
from watchbill.catalog.models import Component
from watchbill.people.models import Person

pytestmark = pytest.mark.usefixtures("real_commits")
ROUNDS = 10


def test_one_of_two_go_aheads_wins(
    describe: Act, shop: Component, jun: Person, ann: Person, sam: Person
) -> None:
    for number in range(ROUNDS):
        asked = describe.perform(jun, shop, text=f"round {number}")
        assert sorted(_both_answer(asked.pk, ann, sam)) == ["done", "too late"]
        assert Entry.objects.filter(answers=asked).count() == 1
    shop.refresh_from_db()
    assert shop.version == ROUNDS


def _both_answer(asked: int, *guides: Person) -> list[str]:
    results: list[str] = []
    start = threading.Barrier(len(guides))

    def go(guide: Person) -> None:
        try:
            start.wait()
            perform.answer(asked, guide, go_ahead=True)
            results.append("done")
        except perform.NoGoAhead:
            results.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(who,)) for who in guides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
