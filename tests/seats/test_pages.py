"""What the pages of seats say."""

from datetime import timedelta

import pytest
from django.test import Client

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.lib import clock
from watchbill.people.models import House, Person, Team
from watchbill.seats import acts, reads
from watchbill.seats.models import Seat

pytestmark = pytest.mark.django_db


def text(client: Client, who: Person, path: str) -> str:
    client.force_login(who)
    answer = client.get(path, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_watch_page_shows_charts_log_and_alerts(
    client: Client, ann: Person, sam: Person, team: Team, checkout: Component
) -> None:
    team.members.add(ann)
    assert "Take the watch over Shop team" in text(client, ann, "/monitoring/watch/")
    acts.take_watch.perform(ann, team)
    seat = Seat.objects.get()
    acts.log.perform(sam, seat, text="Errors since ten.", query="errors")
    now = clock.now()
    for name, about, state in (("Errors", checkout, "firing"), ("Other", None, "firing"),
                               ("Over", checkout, "resolved")):  # fmt: skip
        Alert.objects.create(
            fingerprint=name, name=name, component=about, state=state, starts_at=now,
            ends_at=now if state == "resolved" else None,
        )  # fmt: skip
    page = text(client, ann, "/monitoring/watch/")
    for words in ("Ann stands watch over Shop team", "Errors since ten.", "its value is being read",
                  "Checkout: Errors", "1 firing", "Over"):  # fmt: skip
        assert words in page, words
    assert "Other" not in page
    assert "Sam" in text(client, sam, seat.get_absolute_url())


def test_a_hand_over_begins_with_the_log_and_what_was_done(
    ann: Person, sam: Person, team: Team, checkout: Component
) -> None:
    acts.take_watch.perform(ann, team)
    seat = Seat.objects.get()
    acts.log.perform(ann, seat, text="Quiet.")
    incidents.declare.perform(ann, checkout, title="Not of this area")
    draft = reads.draft(seat, reads.log(seat))
    assert "Quiet." in draft
    assert "Not of this area" not in draft
    assert reads.draft(Seat(holder=sam, area="monitoring"), []) == ""


def test_the_list_says_what_is_empty_and_what_waits(
    client: Client, ann: Person, sam: Person, lea: Person, house: House, checkout: Component
) -> None:
    assert "Nobody is accountable" in text(client, ann, "/seats/")
    acts.assign.perform(sam, checkout, role="caretaker", person="ann")
    assert "For you to accept" in text(client, ann, "/seats/")
    assert "For you to accept" not in text(client, sam, "/seats/")
    assert "Caretaker: Ann" in text(client, ann, "/maintenance/components/checkout")
    seat = Seat.objects.get()
    assert "was asked and has not accepted" in text(client, sam, f"/seats/{seat.pk}/")
    acts.accept_seat.perform(ann, seat)
    assert "Look back" in text(client, sam, f"/seats/{seat.pk}/")
    acts.end_seat.perform(ann, seat, why="It is switched off.")
    assert "until it ended" in text(client, sam, f"/seats/{seat.pk}/")


def test_every_sort_of_seat_has_a_page(
    client: Client, ann: Person, lea: Person, house: House, checkout: Component
) -> None:
    ends = clock.now() + timedelta(days=1)
    acts.appoint.perform(lea, house, area="monitoring", holder="ann", term_ends=ends)
    acts.accept_seat.perform(ann, Seat.objects.get())
    acts.take_watch.perform(ann, checkout)
    seat = Seat.objects.get(role="accountable")
    assert "Accountable for monitoring: Ann." in text(client, ann, seat.get_absolute_url())
    clock.shift(timedelta(days=2))
    assert "past its end" in text(client, ann, "/seats/")
