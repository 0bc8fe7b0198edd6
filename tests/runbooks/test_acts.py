"""Publishing, starting, doing, deviating and halting, with who may."""

import pytest
from tests.runbooks.conftest import RESTART, Publish, one_step

from watchbill.acts import perform, timeline
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry
from watchbill.acts.registry import KINDS
from watchbill.catalog.models import Component
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person
from watchbill.runbooks import acts
from watchbill.runbooks.models import Execution, Run, Runbook

State = Entry.State


def test_publishing_puts_a_version_in_force(restart: Runbook, publish: Publish) -> None:
    publish(RESTART.replace("Takes", "It takes"))
    restart.refresh_from_db()
    assert restart.in_force is not None
    assert restart.in_force.number == 2
    assert [version.number for version in restart.versions.order_by("number")] == [1, 2]


def test_a_bad_text_leaves_the_old_version_in_force(
    restart: Runbook, house: House, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="line 8: the step “Say which node”"):
        acts.publish.perform(lea, house, text=RESTART.replace("```value node", "```vaule node"))
    restart.refresh_from_db()
    assert restart.in_force is not None
    assert restart.in_force.number == 1


def test_nobody_publishes_a_critical_runbook_down(
    publish: Publish, house: House, sam: Person
) -> None:
    publish(one_step("```confirm\nx\n```", "critical"))
    given = {"text": one_step("```confirm\nx\n```", "routine")}
    assert acts.publish.may(sam, house, given).tier is Tier.CRITICAL
    assert acts.publish.perform(sam, house, text=given["text"]).state == State.ASKED


def test_two_who_edit_at_once(restart: Runbook, house: House, lea: Person) -> None:
    acts.publish.perform(lea, house, text=RESTART, after=1)
    with pytest.raises(CannotBeDone, match="Version 2 was published"):
        acts.publish.perform(lea, house, text=RESTART, after=1)


def test_a_run_goes_on_with_the_version_it_began(run: Run, publish: Publish) -> None:
    publish(one_step("```confirm\nx\n```").replace("slug: one", "slug: restart-payments"))
    run.refresh_from_db()
    assert len(run.steps) == 3


def test_anybody_starts_a_run_and_it_is_in_the_timeline(
    restart: Runbook, payments: Component, jun: Person
) -> None:
    entry = acts.start_run.perform(jun, payments, runbook="restart-payments")
    assert entry.state == State.DONE
    assert entry in timeline.of(payments)
    made = Run.objects.get()
    assert (made.about, made.area, made.at_step) == (payments.ref, "maintenance", 1)
    assert entry.came_of_it["url"] == f"/runs/{made.pk}/"


def test_steps_are_done_in_order(
    run: Run, ann: Person, commands: dict[str, dict[str, object]]
) -> None:
    with pytest.raises(CannotBeDone, match="at step 1"):
        acts.run_step.perform(ann, run, step=2)
    with pytest.raises(CannotBeDone, match="answer"):
        acts.run_step.perform(ann, run, step=1)
    acts.answer_step.perform(ann, run, step=1, value="web-4")
    acts.run_step.perform(ann, run, step=2)
    run.refresh_from_db()
    assert run.at_step == 2
    with pytest.raises(CannotBeDone, match="under way"):
        acts.run_step.perform(ann, run, step=2)


@pytest.mark.parametrize("value", ["", " ", "x" * 201, "a\nb"])
def test_an_answer_that_is_none(run: Run, ann: Person, value: str) -> None:
    with pytest.raises(CannotBeDone):
        acts.answer_step.perform(ann, run, step=1, value=value)


def test_the_preview_is_the_exact_command(
    run: Run, ann: Person, commands: dict[str, dict[str, object]]
) -> None:
    acts.answer_step.perform(ann, run, step=1, value="web 4")
    run.refresh_from_db()
    kind = KINDS["runbooks.run_step"]
    assert kind.effect is not None
    assert kind.effect(run, {"step": 2}) == [
        "/bin/echo restarted 'web 4'", "by the work process, for at most 30 s"
    ]  # fmt: skip


def test_a_command_that_nobody_allowed(publish: Publish, house: House, ann: Person) -> None:
    runbook = publish(one_step("```command\n[reboot]\n```"))
    acts.start_run.perform(ann, runbook, runbook="one")
    with pytest.raises(CannotBeDone, match="no command may be run"):
        acts.run_step.perform(ann, Run.objects.get(), step=1)


def test_a_deviation_is_declared_with_its_reason(
    run: Run, ann: Person, commands: dict[str, dict[str, object]]
) -> None:
    acts.answer_step.perform(ann, run, step=1, value="web-4")
    with pytest.raises(CannotBeDone, match="reason"):
        acts.skip_step.perform(ann, run, step=2, reason=" ")
    entry = acts.skip_step.perform(ann, run, step=2, reason="restarted by hand")
    assert entry.says == f"skipped step 2 of {run}: restarted by hand"
    acts.run_step.perform(ann, run, step=3)
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED
    done = run.executions.order_by("step").values_list("state", flat=True)
    assert list(done) == ["succeeded", "skipped", "succeeded"]


def test_an_answer_that_later_steps_need_cannot_be_skipped(run: Run, ann: Person) -> None:
    with pytest.raises(CannotBeDone, match="Later steps need this"):
        acts.skip_step.perform(ann, run, step=1, reason="no idea")


def test_anybody_halts_and_nothing_goes_on(
    run: Run, ann: Person, jun: Person, commands: dict[str, dict[str, object]]
) -> None:
    acts.answer_step.perform(ann, run, step=1, value="web-4")
    acts.run_step.perform(ann, run, step=2)
    assert acts.halt.perform(jun, run, why="wrong node").state == State.DONE
    run.refresh_from_db()
    assert run.state == Run.State.HALTED
    assert run.executions.get(step=2).state == Execution.State.CANCELLED
    with pytest.raises(CannotBeDone, match="halted"):
        acts.run_step.perform(ann, run, step=2)


def test_what_was_asked_before_a_halt_does_not_go_ahead(run: Run, jun: Person, ann: Person) -> None:
    asked = acts.answer_step.perform(jun, run, step=1, value="web-4")
    assert asked.state == State.ASKED
    acts.halt.perform(ann, run, why="look first")
    with pytest.raises(perform.NoGoAhead, match="changed"):
        perform.answer(asked.pk, ann, go_ahead=True)


def test_a_critical_step_takes_two(
    publish: Publish, jun: Person, ann: Person, sam: Person, lea: Person
) -> None:
    runbook = publish(one_step("```confirm\nx\n```", "critical"))
    acts.start_run.perform(sam, runbook, runbook="one")
    run = Run.objects.get()
    assert acts.run_step.perform(jun, run, step=1).state == State.REFUSED
    asked = acts.run_step.perform(sam, run, step=1)
    assert asked.state == State.ASKED
    done = perform.answer(asked.pk, ann, go_ahead=True)
    assert (done.state, done.by, done.guide) == (State.DONE, sam, ann)
