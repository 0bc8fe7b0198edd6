"""Trials: what a rule would have done on stored history, asked for slice by slice."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.alerts.conftest import T0

from watchbill.alerts import trial
from watchbill.alerts.harm import Harm
from watchbill.alerts.models import RuleTrial, RuleVersion
from watchbill.alerts.trial import MOST_SPANS, SLICE_POINTS, Episode, Held, add, episodes, judge
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.prometheus import QueryRefused, Series, TelemetryAway

START = T0.timestamp()


def held(*moments: float, **labels: str) -> Held:
    found: Held = {}
    add(found, [Series(labels, [(at, 1.0) for at in moments])], 30)
    return found


def test_moments_next_to_each_other_are_one_time_also_across_slices() -> None:
    found = held(0, 30, 60, 150)
    add(found, [Series({}, [(180, 1.0)])], 30)
    assert found[""]["spans"] == [[0, 60], [150, 180]]


def test_for_and_keep_firing_for_are_laid_over() -> None:
    found = held(0, 30, 60, 90, 300, 330, 360)
    assert episodes(found, 60, 0, {}, {}) == [Episode(60, 90, None), Episode(360, 360, None)]
    assert episodes(found, 0, 0, {}, {}) == [Episode(0, 90, None), Episode(300, 360, None)]
    assert episodes(found, 0, 240, {}, {}) == [Episode(0, 600, None)]
    assert episodes(found, 120, 0, {}, {}) == []


def test_an_episode_is_of_the_component_that_its_labels_name() -> None:
    found = held(0, job="shop")
    assert episodes(found, 0, 0, {}, {"shop": 5}) == [Episode(0, 0, 5)]
    assert episodes(found, 0, 0, {"component": "db"}, {"shop": 5, "db": 6})[0].component == 6


def test_true_false_and_missed() -> None:
    def of(start: float, end: float, *components: int) -> Harm:
        begin, until = T0 + timedelta(seconds=start), T0 + timedelta(seconds=end)
        return Harm("it fails", "/incidents/1/", begin, until, frozenset(components))

    found = [Episode(START, START + 60, 5), Episode(START + 9000, START + 9060, 5)]
    told = judge(found, [of(600, 1200, 5), of(0, 60, 6)])
    assert (told["true"], told["false"], told["missed"]) == (1, 1, 1)
    everywhere = judge([Episode(START, START + 60, None)], [of(0, 60, 6)])
    assert (everywhere["true"], everywhere["missed"]) == (1, 0)
    assert judge([], [])["episodes"] == 0


@pytest.fixture
def version(ann: Person) -> RuleVersion:
    return RuleVersion.objects.create(
        new=True, name="Errors", expr='errors{job="shop"} > 1', interval=15, by=ann, why="it"
    )


@pytest.fixture
def running(version: RuleVersion, ann: Person) -> RuleTrial:
    made = trial.plan(version, 1, clock.now())
    made.by = ann
    made.save()
    return made


class History:
    """Answers every slice with its first moment, and counts what is asked."""

    def __init__(self, error: Exception | None = None, every: int = SLICE_POINTS) -> None:
        self.asked: list[tuple[datetime, datetime, float]] = []
        self.error, self.every = error, every

    def __call__(self, query: str, start: datetime, end: datetime, step: float) -> Sequence[Series]:
        self.asked.append((start, end, step))
        if self.error:
            raise self.error
        first = start.timestamp()
        moments = [first + n * step for n in range(0, SLICE_POINTS, self.every)]
        return [Series({"job": "shop"}, [(at, 1.0) for at in moments])]


def test_a_day_is_asked_for_in_slices(running: RuleTrial, version: RuleVersion, team) -> None:
    Component.objects.create(slug="shop", name="Shop", owner=team, stakes=1)
    history = History()
    while trial.tick(clock.now(), history):
        running.refresh_from_db()
    assert len(history.asked) == 86400 / 30 / SLICE_POINTS
    assert all(end - start <= timedelta(hours=6) for start, end, _ in history.asked)
    running.refresh_from_db()
    assert (running.state, running.next_at, running.held) == ("done", None, {})
    assert running.result["new"]["episodes"] == 4
    assert (running.result["compared"], running.result["components"]) == (True, ["shop"])
    assert [one["metric"] for one in running.result["chart"]] == [{"rule": "as drafted"}]
    version.refresh_from_db()
    assert version.stakes == 1  # of what the trial found it to cover


def test_telemetry_that_is_away_is_asked_again_then_given_up(running: RuleTrial) -> None:
    away = History(TelemetryAway("nothing answers"))
    for _ in range(trial.TRIES):
        assert trial.tick(clock.now(), away) == 0
        assert trial.tick(clock.now(), away) == 0  # not due yet
        clock.shift(trial.TRY_AGAIN)
    running.refresh_from_db()
    assert (running.state, running.next_at) == ("failed", None)
    assert "nothing answers" in running.problem
    assert len(away.asked) == trial.TRIES


def test_what_cannot_be_read_or_holds_too_often_fails_with_the_reason(running: RuleTrial) -> None:
    trial.tick(clock.now(), History(QueryRefused("parse error")))
    running.refresh_from_db()
    assert (running.state, "parse error" in running.problem) == ("failed", True)


def test_a_condition_that_flaps_is_not_kept_for_ever(
    running: RuleTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "MOST_SPANS", 100)
    while trial.tick(clock.now(), History(every=2)):
        pass
    running.refresh_from_db()
    assert (running.state, "more than 100 times" in running.problem) == ("failed", True)
    assert MOST_SPANS > 100


def test_another_worker_leaves_a_slice_that_is_under_way(running: RuleTrial) -> None:
    now = clock.now()

    def meanwhile(query: str, start: datetime, end: datetime, step: float) -> list[Series]:
        assert trial.tick(now, History()) == 0
        return []

    assert trial.tick(now, meanwhile) == 1
