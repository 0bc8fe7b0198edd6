"""Escalation plans as text."""

import pytest

from watchbill.paging import plan
from watchbill.paging.models import EscalationPolicy
from watchbill.paging.plan import WrongPlan
from watchbill.people.models import Person, Team


def put(text: str) -> EscalationPolicy:
    policy = EscalationPolicy(slug="p", name="P")
    policy.save()
    plan.put(policy, plan.parse(text))
    policy.save()
    return policy


def test_a_plan_is_read_and_written_alike(ann: Person, sam: Person, team: Team) -> None:
    text = "ann, team shop by email, webhook, wait 5 min\nsam, wait 90 s"
    assert plan.write(put(text)) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("ann wait 30s", 30), ("Ann, wait 2 h", 7200), ("@ann wait 1m", 60)]
)
def test_other_ways_to_write_a_step(ann: Person, text: str, seconds: int) -> None:
    (line,) = plan.parse(f"\n {text} \n")
    assert (line.people, line.wait) == ((ann,), seconds)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("", 1, "at least one"),
        ("ann", 1, "not a step"),
        ("ann, wait 5 min\nbob, wait 5 min", 2, "'bob'"),
        ("team nobody, wait 5 min", 1, "'nobody'"),
        ("ann by pigeon, wait 5 min", 1, "'pigeon'"),
        ("ann, wait 0 min", 1, "24 hours"),
        ("ann, wait 25 h", 1, "24 hours"),
    ],
)
def test_what_is_no_plan(ann: Person, text: str, line: int, word: str) -> None:
    with pytest.raises(WrongPlan, match=f"line {line}: .*{word}"):
        plan.parse(text)


def test_a_step_calls_everybody_once_and_nobody_who_left(
    ann: Person, sam: Person, lea: Person, team: Team
) -> None:
    team.members.set([ann, sam, lea])
    lea.is_active = False
    lea.save()
    policy = put("ann, team shop, wait 5 min")
    (call,) = plan.calls(policy, policy.edition)
    assert call.people == (ann, sam)


def test_without_any_plan_the_owners_are_called(make_person: object) -> None:
    owner = make_person("olga", owner=True)  # type: ignore[operator]
    policy = plan.policy_for(None)
    (call,) = plan.calls(policy, policy.edition)
    assert call.people == (owner,)
    assert plan.policy_for(None) == policy
