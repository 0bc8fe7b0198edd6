"""Taking, closing and silencing alerts."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.registry import KINDS
from watchbill.alerts import acts
from watchbill.alerts.models import Alert, Silence
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person

Firing = Callable[..., Alert]


def test_an_l2_takes_an_alert_and_closes_it_with_its_cause(
    house: House, ann: Person, firing: Firing, checkout: Component
) -> None:
    alert = firing(checkout)
    assert acts.take.perform(ann, alert).state == "done"
    entry = acts.close.perform(ann, alert, cause="noise", why="test load")
    assert entry.says.endswith("Noise: nothing was wrong, the rule should change")
    alert.refresh_from_db()
    assert (alert.taken_by, alert.closed_by, alert.cause) == (ann, ann, "noise")
    assert [one.kind for one in timeline.of(checkout)] == ["alerts.take", "alerts.close"]


def test_an_l1_asks_to_take_it(house: House, jun: Person, firing: Firing) -> None:
    assert acts.take.perform(jun, firing()).state == "asked"


@pytest.mark.parametrize("change", [{"state": "resolved"}, {"taken": True}])
def test_what_cannot_be_taken(
    house: House, ann: Person, firing: Firing, change: dict[str, object]
) -> None:
    alert = firing()
    if change.pop("taken", False):
        change["taken_by"] = ann
    Alert.objects.update(**change)
    with pytest.raises(CannotBeDone):
        acts.take.perform(ann, alert)


def test_a_cause_is_one_of_the_classes(house: House, ann: Person, firing: Firing) -> None:
    with pytest.raises(CannotBeDone, match="no such cause"):
        acts.close.perform(ann, firing(), cause="gremlins")


def test_a_silence_of_something_important_needs_more_standing(
    house: House, ann: Person, sam: Person, firing: Firing, checkout: Component
) -> None:
    """A fix is done alone from L2 at the routine tier, from L3 at the moderate one."""
    firing(checkout, host="a")
    quiet = {"matchers": 'host="nowhere"', "minutes": 5, "why": "x"}
    assert acts.silence.perform(ann, house, **quiet).state == "done"
    assert acts.silence.perform(ann, house, **{**quiet, "matchers": 'host="a"'}).state == "asked"
    assert acts.silence.perform(sam, house, **{**quiet, "matchers": 'host="a"'}).state == "done"


def test_the_preview_names_what_goes_quiet(house: House, firing: Firing) -> None:
    firing(host="a")
    firing(host="b")
    effect = KINDS["alerts.silence"].effect
    assert effect is not None
    lines = effect(house, {"matchers": 'host="a"', "minutes": 90, "why": "x"})
    assert "1 h 30 min" in lines[0]
    assert lines[1:] == ["Goes quiet now: Errors (it fails)"]
    assert "No alert" in effect(house, {"matchers": 'host="c"', "minutes": 1, "why": "x"})[-1]


@pytest.mark.parametrize(
    "wrong",
    [{"matchers": ""}, {"matchers": "x"}, {"matchers": 'a=~".*"'}, {"minutes": 0},
     {"minutes": 10**7}, {"why": " "}],
)  # fmt: skip
def test_what_is_no_silence(house: House, sam: Person, wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"matchers": 'a="b"', "minutes": 5, "why": "x", **wrong}
    with pytest.raises(CannotBeDone):
        acts.silence.perform(sam, house, **given)
    assert not Silence.objects.exists()


def test_a_silence_is_ended_once(house: House, sam: Person) -> None:
    acts.silence.perform(sam, house, matchers='a="b"', minutes=5, why="x")
    silence = Silence.objects.get()
    acts.unsilence.perform(sam, silence)
    silence.refresh_from_db()
    assert silence.state(clock.now()) == "expired"
    assert silence.ends_at <= clock.now() + timedelta(seconds=1)
    with pytest.raises(CannotBeDone):
        acts.unsilence.perform(sam, silence)


def test_a_silence_made_while_nothing_fires_takes_the_same_standing(
    house: House, ann: Person, firing: Firing, checkout: Component
) -> None:
    firing(checkout, host="a")
    Alert.objects.update(state=Alert.State.RESOLVED)
    ahead = {"matchers": 'host="a"', "minutes": 600, "why": "tonight"}
    assert acts.silence.perform(ann, house, **ahead).state == "asked"
