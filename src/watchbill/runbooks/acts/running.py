"""What people do in a run: start it, do its steps, deviate, halt."""

from typing import Annotated, Any

import msgspec

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.runbooks import shows as shown
from watchbill.runbooks.commands import NotAllowed, allowed
from watchbill.runbooks.fill import CannotFill, acceptable, fill, words
from watchbill.runbooks.models import Execution, Run, Runbook
from watchbill.runbooks.procedure import Check, Command, Doing, Http, Step, Value

Number = Annotated[int, Field(hidden=True, label="Step")]
Hidden = Annotated[str, Field(hidden=True)]
State = Execution.State


def _runbooks(on: Any) -> list[tuple[str, str]]:
    if isinstance(on, Runbook):
        return [(on.slug, on.title)]
    published = Runbook.objects.exclude(in_force=None).order_by("title")
    return list(published.values_list("slug", "title"))


@act(
    "note",
    area=lambda on, given: getattr(on, "area", Area.INCIDENT_RESPONSE),
    says="started the runbook “{title}”",
    title="Start a runbook",
)
def start_run(
    on: Subject, by: Person, *, runbook: Annotated[str, Field(choices=_runbooks)]
) -> Outcome:
    """Open a run of a runbook about this. Opening changes nothing: each step is an act."""
    found = Runbook.objects.filter(slug=runbook).select_related("in_force").first()
    if found is None or found.in_force is None:
        raise CannotBeDone(f"There is no runbook {runbook!r}.", field="runbook")
    area = str(getattr(on, "area", "") or found.area)
    run = Run.objects.create(of=found.in_force, about=on.ref, area=area, started_by=by)
    return {"ref": run.ref, "url": run.get_absolute_url(), "title": found.title}


def _exact(run: Run, number: int) -> Doing:
    step = _step(run, number)
    try:
        return fill(step.do, run.values)
    except CannotFill as error:
        raise CannotBeDone(f"{error}.", hint="Skip the step with a reason, or halt.") from None


def _argv(do: Doing) -> tuple[str, ...]:
    """The full command line as the allow-list has it now. Raises CannotBeDone."""
    if not isinstance(do, Command):
        return ()
    try:
        return (*allowed(do.argv[0]).argv, *do.argv[1:])
    except NotAllowed as error:
        raise CannotBeDone(f"{error}.", hint="The operator of this machine adds it.") from None


def preview(run: Run, number: int) -> list[str]:
    """Exactly what running the step would do now, line by line. Raises CannotBeDone."""
    do = _exact(run, number)
    lines = [words(do, _argv(do))]
    if isinstance(do, Command):
        lines.append(f"by the work process, for at most {allowed(do.argv[0]).timeout:g} s")
    if isinstance(do, Http):
        wanted = ", ".join(map(str, do.expect)) or "2xx"
        lines += [f"{name}: {value}" for name, value in do.headers.items()]
        lines.append(f"expects {wanted} within {do.timeout:g} s")
    if isinstance(do, Check):
        lines.append(f"must hold within {do.within:g} s" if do.within else "must hold now")
    last = run.executions.filter(step=number).order_by("-pk").first()
    if last is not None and last.state == State.INTERRUPTED:
        lines.append("The last try was interrupted: it is unknown whether it took effect.")
    return lines


def _effect(run: Run, given: Given) -> list[str]:
    try:
        return preview(run, given.get("step", run.at_step))
    except CannotBeDone as error:
        return [str(error)]


@act(
    "run",
    duties="IR-L1-3 MA-L1-3",
    shows="IR-L1-3 MA-L1-3",
    says="ran step {step} of {on}: {what}",
    title="Run the step",
    effect=_effect,
)
def run_step(run: Run, by: Person, *, step: Number) -> Outcome:
    """Do the step as written. A command, request or check is done by the work process."""
    _ready(run, step)
    wanted = _step(run, step)
    if isinstance(wanted.do, Value):
        raise CannotBeDone("This step asks for an answer.", hint="Do runbooks.answer_step.")
    do = _exact(run, step)
    argv = _argv(do)
    now = clock.now()
    execution = Execution.objects.create(
        run=run, step=step, by=by, exact=msgspec.to_builtins(do), argv=list(argv),
        state=State.QUEUED if wanted.by_machine else State.SUCCEEDED,
        ended_at=None if wanted.by_machine else now,
        result="" if wanted.by_machine else "confirmed",
    )  # fmt: skip
    if not wanted.by_machine:
        advance(run)
    return {
        "what": f"{wanted.title}: {words(do, argv)}", "execution": execution.pk,
        "shows": [] if wanted.by_machine else shown.of_own_step(run, by),
    }  # fmt: skip


@act(
    "run",
    duties="IR-L1-3 MA-L1-3",
    shows="IR-L1-3 MA-L1-3",
    says="answered step {step} of {on}: {what}",
    title="Answer the step",
    effect=lambda run, given: [f"{_step(run, given.get('step', run.at_step)).title}"],
)
def answer_step(run: Run, by: Person, *, step: Number, value: str) -> Outcome:
    """Give the value that the step asks for; later steps use it, as their preview shows."""
    _ready(run, step)
    do = _step(run, step).do
    if not isinstance(do, Value):
        raise CannotBeDone("This step asks for no answer.", hint="Do runbooks.run_step.")
    answer = value.strip()
    if wrong := acceptable(answer):
        raise CannotBeDone(wrong, field="value")
    run.values[do.name] = answer
    execution = Execution.objects.create(
        run=run, step=step, by=by, exact=msgspec.to_builtins(do), state=State.SUCCEEDED,
        ended_at=clock.now(), result=f"{do.name} = {answer}",
    )  # fmt: skip
    advance(run)
    return {
        "what": f"{do.name} = {answer}", "execution": execution.pk,
        "shows": shown.of_own_step(run, by),
    }  # fmt: skip


def _deviation(run: Run, given: Given) -> list[str]:
    title = _step(run, given.get("step", run.at_step)).title
    reason = str(given.get("reason", "")).strip()
    return [f"not done: {title}", *([f"because: {reason[:300]}"] if reason else [])]


@act(
    "run",
    duties="MA-L1-3",
    shows="MA-L1-3",
    says="skipped step {step} of {on}: {reason}",
    title="Skip the step",
    effect=_deviation,
)
def skip_step(run: Run, by: Person, *, step: Number, reason: Long) -> Outcome:
    """Deviate from the procedure, declared before it is done, with the reason."""
    _ready(run, step)
    if not reason.strip():
        raise CannotBeDone("A deviation is declared with its reason.", field="reason")
    if isinstance(_step(run, step).do, Value) and _needed_later(run, step):
        raise CannotBeDone(
            "Later steps need this answer.", hint="Answer it, or halt and start another runbook."
        )
    execution = Execution.objects.create(
        run=run, step=step, by=by, exact=msgspec.to_builtins(_step(run, step).do),
        state=State.SKIPPED, ended_at=clock.now(), result=reason.strip()[:500],
    )  # fmt: skip
    advance(run)
    return {"execution": execution.pk, "shows": shown.of_skipped_step(run)}


@act("halt", says="halted {on}: {why}", title="Halt", moves=True)
def halt(run: Run, by: Person, *, why: Annotated[str, Field(label="Why, in a word")]) -> Outcome:
    """Stop it now. What is under way is killed; whether it took effect is then unknown."""
    _running(run)
    if not why.strip():
        raise CannotBeDone("Say why, in a word.", field="why")
    now = clock.now()
    live = run.executions.all()
    live.filter(state=State.QUEUED).update(
        state=State.CANCELLED, ended_at=now, result="halted before it began"
    )
    live.filter(state=State.RUNNING).update(
        state=State.INTERRUPTED, ended_at=now,
        result="halted while under way: it is unknown whether it took effect",
    )  # fmt: skip
    run.state, run.ended_at = Run.State.HALTED, now
    run.save(update_fields=["state", "ended_at"])
    return {"url": run.get_absolute_url()}


def advance(run: Run) -> None:
    """Go on to the next step, or finish behind the last. The caller holds the row's lock."""
    run.at_step += 1
    if run.at_step > len(run.steps):
        run.state, run.ended_at = Run.State.FINISHED, clock.now()
    run.save(update_fields=["at_step", "values", "state", "ended_at"])


def _step(run: Run, number: int) -> Step:
    if not 1 <= number <= len(run.steps):
        raise CannotBeDone(f"There is no step {number}.", field="step")
    return run.steps[number - 1]


def _running(run: Run) -> None:
    if run.state != Run.State.RUNNING:
        raise CannotBeDone(f"This run is {run.state}.", hint="Start a new one.")


def _ready(run: Run, number: int) -> None:
    _running(run)
    if number != run.at_step:
        raise CannotBeDone(
            f"The run is at step {run.at_step}.", field="step", hint="Steps are done in order."
        )
    if run.executions.filter(state__in=Execution.LIVE).exists():
        raise CannotBeDone("The step is under way.", hint="Wait for its result, or halt.")


def _needed_later(run: Run, number: int) -> bool:
    name = getattr(_step(run, number).do, "name", "")
    later = (msgspec.json.encode(step.do).decode() for step in run.steps[number:])
    return any(f"{{{name}}}" in text for text in later)
