"""The mechanism on real rows: done, asked, answered, refused, voided; and the ledger keeps all."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from watchbill.acts import record, timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.kinds import Act
from watchbill.acts.models import Entry, Kept
from watchbill.acts.perform import Call, NoGoAhead, answer, submit, take_over, withdraw
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person

pytestmark = pytest.mark.django_db


def test_alone_it_is_done_and_kept(describe: Act, shop: Component, ann: Person) -> None:
    entry = describe.perform(ann, shop, text="sells")
    shop.refresh_from_db()
    assert (entry.state, entry.mode, entry.rule) == ("done", "alone", "level")
    assert (shop.description, shop.version) == ("sells", 1)
    assert entry.came_of_it == {"length": 5}
    assert [e.pk for e in timeline.of(shop)] == [entry.pk]


def test_guided_it_waits_and_changes_nothing(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    shop.refresh_from_db()
    assert (asked.state, asked.mode, shop.description, shop.version) == ("asked", "guided", "", 0)
    done = answer(asked.pk, ann, go_ahead=True, why="go")
    shop.refresh_from_db()
    assert (done.state, done.by, done.guide, shop.description) == ("done", jun, ann, "sells")
    assert [e.state for e in timeline.of(shop)] == ["asked", "done"]


def test_refused_is_recorded_with_its_reason(describe: Act, shop: Component, jun: Person) -> None:
    shop.stakes = Tier.MODERATE
    shop.save()
    entry = describe.perform(jun, shop, text="sells")
    assert entry.state == "refused"
    assert "L1" in entry.reason
    assert "L3" in entry.reason


def test_impossible_is_said_before_anybody_is_asked(
    describe: Act, shop: Component, jun: Person
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        describe.perform(jun, shop, text="impossible")
    assert caught.value.field == "text"
    assert not Entry.objects.exists()


def no(asked: Entry, by: Person) -> str:
    with pytest.raises(NoGoAhead) as caught:
        answer(asked.pk, by, go_ahead=True)
    return str(caught.value)


def test_no_go_ahead_by_oneself_or_somebody_too_low(
    describe: Act, shop: Component, jun: Person, make_person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    assert "themselves" in no(asked, jun)
    assert "alone" in no(asked, make_person("joe", 1))


def test_no_go_ahead_twice(describe: Act, shop: Component, jun: Person, ann: Person) -> None:
    asked = describe.perform(jun, shop, text="sells")
    answer(asked.pk, ann, go_ahead=True)
    assert "answered already" in no(asked, ann)
    assert Entry.objects.filter(state="done").count() == 1


def test_no_go_ahead_after_the_subject_changed(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    describe.perform(ann, shop, text="other")
    assert "changed" in no(asked, ann)


def test_no_go_ahead_after_expiry(describe: Act, shop: Component, jun: Person, ann: Person) -> None:
    asked = describe.perform(jun, shop, text="sells")
    clock.shift(timedelta(minutes=16))
    assert "expired" in no(asked, ann)
    assert list(timeline.asks_for(ann)) == []


def test_a_hold_needs_a_reason_and_ends_the_ask(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    with pytest.raises(NoGoAhead, match="reason"):
        answer(asked.pk, ann, go_ahead=False)
    held = answer(asked.pk, ann, go_ahead=False, why="look at the graph first")
    assert (held.state, held.guide, held.reason) == ("held", ann, "look at the graph first")
    assert not timeline.open_asks().exists()


def test_taking_over_is_done_in_the_guides_name(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    done = take_over(asked.pk, ann)
    assert (done.by, done.state) == (ann, "done")
    assert Entry.objects.get(answers=asked).state == "withdrawn"


def test_only_the_asker_withdraws(describe: Act, shop: Component, jun: Person, ann: Person) -> None:
    asked = describe.perform(jun, shop, text="sells")
    with pytest.raises(NoGoAhead):
        withdraw(asked.pk, ann)
    assert withdraw(asked.pk, jun).state == "withdrawn"


def test_at_the_critical_tier_a_second_person_confirms(
    describe: Act, shop: Component, sam: Person, ann: Person, jun: Person
) -> None:
    shop.stakes = Tier.CRITICAL
    shop.save()
    asked = describe.perform(sam, shop, text="sells")
    assert asked.state == "asked"
    assert "second person" in no(asked, jun).lower()
    assert answer(asked.pk, ann, go_ahead=True).state == "done"


def test_at_dial_ask_the_actor_goes_on_after_ten_minutes_of_silence(
    describe: Act, shop: Component, jun: Person, house: House
) -> None:
    house.dials = {}
    house.save()
    asked = describe.perform(jun, shop, text="sells")

    def again() -> Entry:
        return submit("test.describe", jun, shop, {"text": "sells"}, Call(again=asked.pk))

    with pytest.raises(NoGoAhead, match="ten minutes"):
        again()
    clock.shift(timedelta(minutes=11))
    done = again()
    assert (done.state, done.stamp) == ("done", "went on after silence")


def test_at_enforce_silence_never_performs(describe: Act, shop: Component, jun: Person) -> None:
    asked = describe.perform(jun, shop, text="sells")
    clock.shift(timedelta(minutes=11))
    with pytest.raises(NoGoAhead):
        submit("test.describe", jun, shop, {"text": "sells"}, Call(again=asked.pk))


def test_at_dial_advise_it_is_done_and_stamped(
    describe: Act, shop: Component, jun: Person, house: House
) -> None:
    house.dials = {"maintenance": "advise"}
    house.save()
    assert describe.perform(jun, shop, text="a").stamp == "would have asked"


def test_secret_and_personal_values_are_not_on_the_ledger(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="t", key="hunter2-hunter2", phone="+49 30 1234")
    kept = {row.sealed: row.value for row in Kept.objects.all()}
    assert kept[False] == "+49 30 1234"
    assert "hunter2" not in kept[True]
    done = answer(asked.pk, ann, go_ahead=True)
    assert "hunter2" not in str(done.given) + done.says
    assert "+49" not in str(done.given) + done.says
    assert Kept.objects.get(sealed=True).value == ""  # a secret is erased when the act is done


@pytest.mark.parametrize(
    ("raw", "field"),
    [({}, "text"), ({"text": "t", "x": 1}, "x"), ({"text": {"a": 1}}, "text")],
)
def test_parameters_that_cannot_be_read_are_named(
    describe: Act, shop: Component, ann: Person, raw: dict, field: str
) -> None:
    with pytest.raises(CannotBeDone) as caught:
        submit("test.describe", ann, shop, raw)
    assert caught.value.field == field


def test_an_act_is_not_done_on_something_else(describe: Act, ann: Person, house: House) -> None:
    with pytest.raises(CannotBeDone, match=r"not on people\.house"):
        submit("test.describe", ann, house, {"text": "x"})
    with pytest.raises(CannotBeDone, match="no act"):
        submit("test.nothing", ann, house, {})


def test_an_old_version_is_refused(describe: Act, shop: Component, ann: Person) -> None:
    describe.perform(ann, shop, text="a")
    with pytest.raises(CannotBeDone, match="changed"):
        submit("test.describe", ann, shop, {"text": "b"}, Call(version=0))


def test_a_deed_cannot_be_called_around_the_mechanism(describe: Act, shop: Component) -> None:
    with pytest.raises(TypeError):
        describe(shop, None, text="x")


def test_the_database_refuses_to_change_or_delete_the_ledger(
    describe: Act, shop: Component, ann: Person
) -> None:
    entry = describe.perform(ann, shop, text="a")
    for sql in (
        f"UPDATE acts_entry SET reason='' WHERE id={entry.pk}",
        f"DELETE FROM acts_entry WHERE id={entry.pk}",
        "UPDATE acts_mention SET ref='x'",
        "DELETE FROM acts_mention",
        "UPDATE people_standing SET level=4",
        "DELETE FROM people_standing",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    entry.refresh_from_db()
    assert entry.reason


def test_voiding_points_at_the_row_and_leaves_it(
    describe: Act, shop: Component, ann: Person, jun: Person, sam: Person
) -> None:
    entry = describe.perform(ann, shop, text="a")
    assert submit("acts.void", jun, entry, {"why": "no"}).state == "refused"
    voided = submit("acts.void", ann, entry, {"why": "wrong component"})
    assert (voided.state, voided.voids) == ("done", entry)
    assert entry not in timeline.by_person(ann)


def test_an_automation_acts_as_far_as_who_armed_it(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    bot = Person.objects.create(username="bot", name="Bot", automation=True)
    for armed_by, state in ((jun, "refused"), (ann, "done")):
        entry = submit("test.describe", bot, shop, {"text": "x"}, Call(armed_by=armed_by))
        assert (entry.state, entry.by, entry.armed_by) == (state, bot, armed_by)
    asked = describe.perform(jun, shop, text="y")
    assert "alone" in no(asked, bot)


def test_only_an_automation_acts_by_itself(shop: Component, ann: Person) -> None:
    with pytest.raises(ValueError, match="automation"):
        record.machine("test.saw", shop, "saw it", by=ann, area=Area.MONITORING)


def test_people_with_a_ledger_cannot_be_deleted(
    describe: Act, shop: Component, ann: Person
) -> None:
    describe.perform(ann, shop, text="a")
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        ann.delete()


def test_an_ask_that_the_asker_may_not_do_any_more_waits_for_nobody(
    describe: Act, shop: Component, jun: Person, ann: Person
) -> None:
    asked = describe.perform(jun, shop, text="sells")
    assert timeline.asks_for(ann) == [asked]
    assert timeline.asks_for(jun) == []
    shop.stakes = Tier.MODERATE
    shop.save()
    ann.forget()
    assert timeline.asks_for(ann) == []
    assert "any more" in no(asked, ann)
