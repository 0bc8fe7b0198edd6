"""A change settles it: the window, what comes back within, who confirms."""

from datetime import timedelta
from typing import Any

import pytest
from tests.investigations.conftest import Open, found

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.alerts.models import Alert
from watchbill.alerts.models import Change as Turn
from watchbill.catalog.models import Component
from watchbill.incidents import acts as incidents
from watchbill.investigations import acts
from watchbill.investigations.models import Investigation
from watchbill.investigations.settled import settling
from watchbill.lib import clock
from watchbill.maintenance import acts as changes
from watchbill.maintenance.models import Change
from watchbill.people.models import Person

SAW = "Memory is flat."


@pytest.fixture
def olga(make_person) -> Person:
    """Another L3."""
    return make_person("olga", 3)


@pytest.fixture
def leak(opens: Open, sam: Person, jun: Person) -> Investigation:
    """A complex one of maintenance, analysed by the senior."""
    case = opens(area="maintenance")
    acts.lead_as_complex.perform(sam, case, because="It is below the library.")
    found(case, jun)
    acts.publish_analysis.perform(sam, case, causes=["One", "Two"], impact="A restart a week")
    case.refresh_from_db()
    return case


@pytest.fixture
def change(shop: Component, sam: Person) -> Change:
    changes.plan_change.perform(sam, shop, title="Free the pool", kind=Change.Kind.FIX)
    return Change.objects.get()


def carried(change: Change, by: Person) -> None:
    changes.start_change.perform(by, change)
    changes.complete_change.perform(by, change, outcome="It stays flat.")


def confirm(case: Investigation, by: Person, **given: str) -> None:
    acts.confirm_settled.perform(by, case, **{"saw": SAW, **given})


def later(case: Investigation) -> None:
    clock.shift(case.quiet_for + timedelta(minutes=1))


@pytest.fixture
def settled(leak: Investigation, change: Change, sam: Person) -> Investigation:
    """Linked, and the change is made."""
    acts.settle_with.perform(sam, leak, change=str(change.pk), days=7)
    carried(change, sam)
    return Investigation.objects.get()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"change": "99"}, "no such change"),
        ({"change": "no"}, "no such change"),
        ({"change": "catalog.component:shop"}, "That is no change"),
        ({"days": 0}, "1 to 365"),
        ({"days": 366}, "1 to 365"),
    ],
)
def test_only_a_change_settles_it(
    leak: Investigation, change: Change, sam: Person, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(CannotBeDone, match=says):
        acts.settle_with.perform(sam, leak, **{"change": str(change.pk), "days": 7, **given})


def test_what_was_not_analysed_is_not_settled(opens: Open, change: Change, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="no analysis"):
        acts.settle_with.perform(sam, opens(), change=change.ref, days=7)


def test_the_window_begins_when_the_change_is_completed(
    leak: Investigation, change: Change, sam: Person, olga: Person
) -> None:
    with pytest.raises(CannotBeDone, match="No change is linked"):
        confirm(leak, olga)
    acts.settle_with.perform(sam, leak, change=change.ref, days=7)
    clock.shift(timedelta(days=30))
    with pytest.raises(CannotBeDone, match="not completed yet"):
        confirm(leak, olga)
    carried(change, sam)
    case = Investigation.objects.get()
    since = settling(case).since
    assert since is not None
    assert settling(case).until == since + timedelta(days=7)
    with pytest.raises(CannotBeDone, match="Its window runs until"):
        confirm(case, olga)
    later(case)
    confirm(case, olga)
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MA-L3-2", sam, olga)
    with pytest.raises(CannotBeDone, match="Olga confirmed it already"):
        confirm(case, olga)
    with pytest.raises(CannotBeDone, match="confirmed as settled"):
        acts.settle_with.perform(sam, case, change=change.ref, days=7)


def test_who_settled_it_does_not_confirm(settled: Investigation, sam: Person) -> None:
    later(settled)
    with pytest.raises(CannotBeDone, match="did not settle it"):
        confirm(settled, sam)


def test_who_only_analysed_it_has_not_shown_it(
    leak: Investigation, change: Change, ann: Person, sam: Person, olga: Person
) -> None:
    acts.settle_with.perform(sam, leak, change=change.ref, days=7)
    carried(change, ann)
    later(Investigation.objects.get())
    confirm(leak, olga)
    assert not Shown.objects.exists()


def test_a_returned_analysis_settles_nothing(settled: Investigation, olga: Person) -> None:
    acts.return_analysis.perform(olga, settled.analyses.get(), why="It is thin.")
    later(settled)
    with pytest.raises(CannotBeDone, match="analysis was returned"):
        confirm(settled, olga)


def test_an_incident_on_the_component_contradicts(
    settled: Investigation, shop: Component, jun: Person, olga: Person
) -> None:
    clock.shift(timedelta(days=1))
    incidents.declare.perform(jun, shop, title="Slow again", severity="sev4")
    later(settled)
    with pytest.raises(CannotBeDone, match="Slow again was declared"):
        confirm(settled, olga)
    confirm(settled, olga, something_else="The disk was full that day.")
    assert Shown.objects.get().duty == "MA-L3-2"


def test_an_alert_that_fired_since_contradicts(
    settled: Investigation, shop: Component, olga: Person
) -> None:
    alert = Alert.objects.create(
        fingerprint="1", name="Memory", state=Alert.State.FIRING, component=shop
    )
    before = clock.now() - timedelta(days=1)
    Turn.objects.create(alert=alert, before="pending", after="firing", at=before)
    assert settling(settled).signs == []
    clock.shift(timedelta(hours=1))
    Turn.objects.create(alert=alert, before="pending", after="firing")
    later(settled)
    with pytest.raises(CannotBeDone, match="the alert Memory fired"):
        confirm(settled, olga)


def test_a_change_elsewhere_is_watched_on_both_components(
    settled: Investigation, change: Change, team, jun: Person
) -> None:
    other = Component.objects.create(slug="other", name="Other", owner=team)
    Change.objects.update(component=other)
    clock.shift(timedelta(hours=1))
    incidents.declare.perform(jun, other, title="Down", severity="sev4")
    assert len(settling(Investigation.objects.get()).signs) == 1
