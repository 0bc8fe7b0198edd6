"""MO-L2-1: monitor key metrics and trends actively: stand a watch."""

from datetime import timedelta

import pytest
from tests.duties.door import Somebody, key, made

from watchbill.lib import clock
from watchbill.people.models import Team

pytestmark = pytest.mark.django_db


def test_mo_l2_1(
    junior: Somebody, associate: Somebody, other_associate: Somebody, team: Team
) -> None:
    associate.sees("/monitoring/watch/", "Nobody stands watch")
    assert associate.stands("seats.take_watch", team) == "A"
    assert junior.stands("seats.take_watch", team) == "G"
    watch = made(associate.does("seats.take_watch", team))
    associate.does("seats.log", watch, text="Requests as ever, no errors.", query="up")
    associate.sees("/monitoring/watch/", "stands watch over Shop team", "Requests as ever")
    clock.shift(timedelta(hours=8))
    associate.does("seats.hand_over", watch, to=other_associate.name, said="All quiet since noon.")
    other_associate.sees("/monitoring/watch/", "Accept the hand-over", "All quiet since noon.")
    following = made(other_associate.does("seats.accept_handover", watch))
    associate.showed("MO-L2-1", on=watch, witness=other_associate)
    assert other_associate.reads("seats", key(following))["holder"] == other_associate.name


def test_a_junior_stands_it_with_a_go_ahead(
    junior: Somebody, associate: Somebody, team: Team
) -> None:
    watch = made(associate.gives_go_ahead(junior.asks("seats.take_watch", team)))
    junior.does("seats.log", watch, text="Latency rises slowly.")
    clock.shift(timedelta(hours=8))
    junior.does("seats.hand_over", watch, to=associate.name, said="Look at the latency.")
    associate.does("seats.accept_handover", watch)
    junior.showed("MO-L2-1", on=watch, witness=associate)
