"""Versions of rules written in Watchbill: drafted, put in force, kept beside files, taken back."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.alerts.conftest import T0, FakeTelemetry

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.alerts import acts, reads, trial
from watchbill.alerts.acts.rules import LATELY
from watchbill.alerts.evaluate import evaluate_due
from watchbill.alerts.load import read_folder
from watchbill.alerts.models import Alert, Rule, RuleFile, RuleTrial, RuleVersion
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person
from watchbill.seats import acts as seats
from watchbill.seats.models import Seat

FILE = """groups:
- name: web
  rules:
  - alert: Errors
    expr: errors > 1
    labels: {component: checkout}
"""
NEW = FILE.replace("alert: Errors", "alert: Slow").replace("errors > 1", "latency > 2")


@pytest.fixture
def filed(tmp_path: Path, telemetry: FakeTelemetry, house: House, checkout: Component) -> Rule:
    """The rule of a file, about a component at the moderate tier."""
    (tmp_path / "web.yml").write_text(FILE)
    read_folder(T0, telemetry, tmp_path)
    return Rule.objects.get()


def draft(rule: Rule, by: Person, expr: str = "errors > 5") -> RuleVersion:
    entry = acts.draft_rule.perform(by, rule, expr=expr, lasts="1m", why="Less noise.", days=1)
    return RuleVersion.objects.get(pk=entry.came_of_it["ref"].partition(":")[2])


def tried(version: RuleVersion) -> RuleVersion:
    while trial.tick(clock.now(), lambda query, start, end, step: []):
        pass
    version.refresh_from_db()
    return version


def test_a_version_replaces_what_the_file_says_and_can_be_taken_back(
    filed: Rule, tmp_path: Path, telemetry: FakeTelemetry, jun: Person, sam: Person
) -> None:
    version = draft(filed, jun)
    assert version.tier.word == "moderate"
    assert list(reads.drafts()) == [version]
    with pytest.raises(CannotBeDone, match="no finished trial"):
        acts.put_rule_in_force.perform(sam, version)
    acts.put_rule_in_force.perform(sam, tried(version))
    filed.refresh_from_db()
    version.refresh_from_db()
    assert (filed.expr, filed.hold, filed.of, version.in_force) == ("errors > 5", 60, version, True)

    (tmp_path / "web.yml").write_text(FILE.replace("> 1", "> 2"))
    read_folder(T0, telemetry, tmp_path)
    filed.refresh_from_db()
    assert (filed.expr, filed.filed["expr"]) == ("errors > 5", "errors > 2")

    second = tried(draft(filed, sam, "errors > 9"))
    acts.put_rule_in_force.perform(sam, second)
    version.refresh_from_db()
    assert version.ended_at is not None
    for expected in ("errors > 5", "errors > 2"):
        filed.refresh_from_db()
        acts.take_rule_back.perform(sam, filed.of, why="It missed one.")
        filed.refresh_from_db()
        assert filed.expr == expected
    assert filed.of is None
    with pytest.raises(CannotBeDone, match="not in force"):
        acts.take_rule_back.perform(sam, version, why="again")


def test_alerts_live_on_when_a_version_comes_into_force(
    filed: Rule, telemetry: FakeTelemetry, sam: Person
) -> None:
    telemetry.says({"job": "checkout"})
    at = filed.group.next_at
    evaluate_due(at, telemetry)
    alert = Alert.objects.get()
    acts.put_rule_in_force.perform(sam, tried(draft(filed, sam)))
    alert.refresh_from_db()
    assert (alert.state, alert.rule) == ("firing", filed)


def test_what_it_was_compared_with_must_still_be_there(filed: Rule, sam: Person) -> None:
    first, second = draft(filed, sam), draft(filed, sam, "errors > 7")
    acts.put_rule_in_force.perform(sam, tried(first))
    tried(second)
    with pytest.raises(CannotBeDone, match="changed since the trial"):
        acts.put_rule_in_force.perform(sam, second)
    acts.try_rule.perform(sam, second, days=1)
    with pytest.raises(CannotBeDone, match="on trial now"):
        acts.try_rule.perform(sam, second, days=1)
    assert acts.put_rule_in_force.perform(sam, tried(second)).state == "done"
    with pytest.raises(CannotBeDone, match="put in force already"):
        acts.put_rule_in_force.perform(sam, second)
    with pytest.raises(CannotBeDone, match="It was put in force"):
        acts.try_rule.perform(sam, second, days=1)


def test_a_new_rule_stands_in_no_file_and_is_evaluated(
    checkout: Component, house: House, tmp_path: Path, telemetry: FakeTelemetry, sam: Person
) -> None:
    acts.write_rule.perform(sam, checkout, text=NEW, why="Nothing tells of it.", days=1)
    version = tried(RuleVersion.objects.get())
    acts.put_rule_in_force.perform(sam, version)
    rule = Rule.objects.select_related("group__file").get()
    assert (rule.name, rule.group.file.origin) == ("Slow", RuleFile.Origin.WATCHBILL)
    (tmp_path / "web.yml").write_text(FILE)
    read_folder(T0, telemetry, tmp_path)  # another folder's files do not end it
    rule.refresh_from_db()
    assert rule.in_force
    telemetry.says({"job": "checkout"})
    assert evaluate_due(rule.group.next_at, telemetry) == 2
    with pytest.raises(CannotBeDone, match="in force already"):
        acts.write_rule.perform(sam, checkout, text=NEW, why="Again.", days=1)

    version.refresh_from_db()
    acts.take_rule_back.perform(sam, version, why="It was for a day.")
    assert Rule.objects.get(name="Slow").in_force is False
    assert Alert.objects.get(rule__name="Slow").state == "resolved"
    version.refresh_from_db()
    assert not version.in_force


def test_drafts_that_make_no_sense_are_told(filed: Rule, house: House, ann: Person) -> None:
    for given, told in (
        ({"expr": "errors > 1", "lasts": "0"}, "what the rule says now"),
        ({"expr": "x", "lasts": "soon"}, "not a duration"),
        ({"expr": " ", "lasts": "1m"}, "needs an expression"),
        ({"expr": "x", "lasts": "1m", "days": 31}, "1 to 30 days"),
        ({"expr": "x", "lasts": "1m", "why": " "}, "what gets better"),
    ):
        with pytest.raises(CannotBeDone, match=told):
            acts.draft_rule.perform(ann, filed, **{"why": "It is better.", "days": 7, **given})
    two = FILE + "  - alert: B\n    expr: up\n"
    for text, told in ((two, "2 alerting rules"), ("groups: [", "line 1"), ("", "0 alerting")):
        with pytest.raises(CannotBeDone, match=told):
            acts.write_rule.perform(ann, house, text=text, why="It is new.")
    with pytest.raises(CannotBeDone, match="watches a component"):
        acts.write_rule.perform(ann, ann, text=NEW, why="It is new.")
    Rule.objects.update(in_force=False)
    filed.refresh_from_db()
    with pytest.raises(CannotBeDone, match="no longer in force"):
        draft(filed, ann)


def test_only_so_many_trials_wait(
    filed: Rule, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchbill.alerts.acts.rules.MOST_OPEN", 1)
    draft(filed, ann)
    with pytest.raises(CannotBeDone, match="Many trials wait"):
        draft(filed, ann, "errors > 6")
    assert RuleTrial.objects.count() == 1


def test_who_confirms_a_version(
    filed: Rule, sam: Person, ann: Person, jun: Person, checkout: Component
) -> None:
    version = tried(draft(filed, sam))
    with pytest.raises(CannotBeDone, match="not in force"):
        acts.confirm_rule.perform(ann, version, how="Quiet.")
    acts.put_rule_in_force.perform(sam, version)
    version.refresh_from_db()
    for who, told in ((sam, "of their own"), (jun, "L2 or above"), (ann, "no watch")):
        with pytest.raises(CannotBeDone, match=told):
            acts.confirm_rule.perform(who, version, how="Quiet.")
    seats.take_watch.perform(ann, checkout)
    acts.confirm_rule.perform(ann, version, how="Quiet, and it told of the one fault.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MO-L3-4", sam, ann)


def test_whose_words_somebody_else_put_in_force_shows_nothing(
    filed: Rule, sam: Person, jun: Person, ann: Person, checkout: Component
) -> None:
    version = tried(draft(filed, jun))
    acts.put_rule_in_force.perform(sam, version)
    version.refresh_from_db()
    seats.take_watch.perform(ann, checkout)
    acts.confirm_rule.perform(ann, version, how="Quiet.")
    assert not Shown.objects.exists()


def test_a_watch_that_was_stood_lately_counts_as_far_as_the_version_was_in_force(
    filed: Rule, sam: Person, ann: Person, jun: Person, checkout: Component
) -> None:
    seats.take_watch.perform(ann, checkout)
    watch = Seat.objects.get()
    seats.end_seat.perform(ann, watch, why="It is evening.")
    clock.shift(timedelta(hours=1))
    version = tried(draft(filed, sam))
    acts.put_rule_in_force.perform(sam, version)
    version.refresh_from_db()
    with pytest.raises(CannotBeDone, match="no watch"):  # it ended before
        acts.confirm_rule.perform(ann, version, how="Quiet.")
    seats.take_watch.perform(ann, checkout)
    clock.shift(timedelta(hours=8))
    seats.end_seat.perform(ann, Seat.objects.get(until=None), why="It is evening.")
    clock.shift(LATELY)
    with pytest.raises(CannotBeDone, match="no watch"):
        acts.confirm_rule.perform(ann, version, how="Quiet.")
    clock.shift(-timedelta(hours=1))
    acts.confirm_rule.perform(ann, version, how="It told of the one fault.")
    assert Shown.objects.get().witness == ann
