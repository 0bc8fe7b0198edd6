"""That an alert stayed closed is confirmed by somebody else, a week later, if it did."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry, Shown
from watchbill.acts.perform import answer
from watchbill.alerts import acts, reads
from watchbill.alerts.models import Alert, Change, Closing
from watchbill.lib import clock
from watchbill.people.models import House, Person

WEEK = timedelta(days=7, minutes=1)


@pytest.fixture
def closed(firing: Callable[..., Alert], house: House, ann: Person) -> Closing:
    """Taken and closed by Ann; over since."""
    alert = firing()
    acts.take.perform(ann, alert)
    acts.close.perform(ann, alert, cause="fault")
    Alert.objects.filter(pk=alert.pk).update(state="resolved", ends_at=clock.now())
    return Closing.objects.get()


def test_a_week_later_somebody_else_confirms_it_once(
    closed: Closing, ann: Person, sam: Person, jun: Person
) -> None:
    assert not reads.to_confirm(sam).exists()
    with pytest.raises(CannotBeDone, match="seven days"):
        acts.confirm_closed.perform(sam, closed)
    clock.shift(WEEK)
    with pytest.raises(CannotBeDone, match="themselves"):
        acts.confirm_closed.perform(ann, closed)
    with pytest.raises(CannotBeDone, match="L2 or above"):
        acts.confirm_closed.perform(jun, closed)
    assert [list(reads.to_confirm(who)) for who in (sam, ann, jun)] == [[closed], [], []]
    acts.confirm_closed.perform(sam, closed)
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.on) == ("MO-L2-2", ann, closed.alert.ref)
    assert not reads.to_confirm(sam).exists()
    with pytest.raises(CannotBeDone, match="confirmed already"):
        acts.confirm_closed.perform(sam, closed)


@pytest.mark.parametrize(("days", "stays"), [(3, False), (8, True)])
def test_what_fired_again_within_the_week_did_not_stay_closed(
    closed: Closing, sam: Person, days: int, stays: bool
) -> None:
    Change.objects.create(
        alert=closed.alert, before="resolved", after="firing", at=closed.at + timedelta(days=days)
    )
    clock.shift(timedelta(days=9))
    assert reads.to_confirm(sam).exists() is stays
    if stays:
        assert acts.confirm_closed.perform(sam, closed).state == "done"
    else:
        with pytest.raises(CannotBeDone, match="fired again"):
            acts.confirm_closed.perform(sam, closed)


def test_what_still_fires_was_not_ended(closed: Closing, sam: Person) -> None:
    Alert.objects.filter(pk=closed.alert_id).update(state="firing")
    clock.shift(WEEK)
    assert not reads.to_confirm(sam).exists()
    with pytest.raises(CannotBeDone, match="still fires"):
        acts.confirm_closed.perform(sam, closed)


def test_with_a_go_ahead_or_without_taking_it_it_is_no_such_closing(
    firing: Callable[..., Alert], house: House, jun: Person, ann: Person, sam: Person
) -> None:
    guided, other = firing(), firing(host="b")
    for act, given in ((acts.take, {}), (acts.close, {"cause": "load", "why": ""})):
        asked = act.perform(jun, guided, **given)
        assert asked.state == Entry.State.ASKED
        answer(asked.pk, sam, go_ahead=True)
    acts.close.perform(ann, other, cause="noise")
    Alert.objects.update(state="resolved", ends_at=clock.now())
    clock.shift(WEEK)
    first, second = Closing.objects.order_by("pk")
    with pytest.raises(CannotBeDone, match="with a go-ahead"):
        acts.confirm_closed.perform(sam, first)
    with pytest.raises(CannotBeDone, match="without having taken it"):
        acts.confirm_closed.perform(sam, second)
    assert not reads.to_confirm(sam).exists()
