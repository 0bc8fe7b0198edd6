"""What people do with changes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.lib.numbers import whole
from watchbill.maintenance.measure import SETTLES
from watchbill.maintenance.models import Change, Progress
from watchbill.people.models import Person
from watchbill.practice.models import Improvement
from watchbill.practice.somebody import Somebody, named
from watchbill.runbooks.models import Run, Runbook, RunbookVersion

EARLY = timedelta(minutes=15)  # how long before its window a change may begin
Given = Mapping[str, Any]
State = Change.State
Risk = Annotated[
    Literal["routine", "moderate", "critical"],
    Field(label="Risk", help="What this change could break; the component's tier counts as well."),
]
Untouched = Annotated[
    str,
    Field(
        label="It does not touch the running component, because",
        help="Leave empty when it does. Otherwise the lower risk counts once a senior agreed.",
    ),
]


def _improvements(on: Any) -> list[tuple[str, str]]:
    accepted = Improvement.objects.filter(state=Improvement.State.ACCEPTED).order_by("-pk")[:100]
    return [(str(work.pk), work.title) for work in accepted]


def _procedures(on: Any) -> list[tuple[str, str]]:
    published = Runbook.objects.exclude(in_force=None).order_by("title")
    return list(published.values_list("slug", "title"))


Procedure = Annotated[
    str, Field(choices=_procedures, help="A runbook; its version in force is what is planned.")
]


@act(
    "take",
    duties="MA-L2-1",
    tier=Tier.ROUTINE,
    says="planned the change {title}",
    title="Plan a change",
    moves=False,  # a plan beside others: go-aheads asked on the component still hold
)
def plan_change(
    component: Component,
    by: Person,
    *,
    title: str,
    kind: Change.Kind,
    description: Annotated[str, Field(label="What will be done", long=True)] = "",
    procedure: Procedure = "",
    backout: Annotated[str, Field(label="The way back", long=True)] = "",
    risk: Risk = "routine",
    untouched_because: Untouched = "",
    starts: Annotated[datetime | None, Field(label="Window from")] = None,
    ends: Annotated[datetime | None, Field(label="until")] = None,
    improvement: Annotated[
        str, Field(label="Carries out the improvement", choices=_improvements)
    ] = "",
) -> Outcome:
    """Say what will be altered, when, how risky it is and what the way back is."""
    work = _improvement(improvement)
    change = Change(
        component=component, kind=kind, planned_by=by, improvement=work,
        procedure=_version(procedure),
        **_plan(title, description, backout, risk, untouched_because, starts, ends),
    )  # fmt: skip
    _must_have_a_way_back(change)
    change.save()
    if work is not None and not work.change:
        work.change = change.ref
        work.save(update_fields=["change"])
    return {"ref": change.ref, "url": change.get_absolute_url()}


@act("take", duties="MA-L2-1", says="changed the plan of “{on}”", title="Change the plan")
def revise_plan(
    change: Change,
    by: Person,
    *,
    title: str,
    description: Annotated[str, Field(label="What will be done", long=True)] = "",
    procedure: Procedure = "",
    backout: Annotated[str, Field(label="The way back", long=True)] = "",
    risk: Risk = "routine",
    untouched_because: Untouched = "",
    starts: Annotated[datetime | None, Field(label="Window from")] = None,
    ends: Annotated[datetime | None, Field(label="until")] = None,
) -> Outcome:
    """Plan it anew before it begins. What was approved must be approved again."""
    _must_be(change, State.PLANNED, State.APPROVED)
    for name, value in _plan(
        title, description, backout, risk, untouched_because, starts, ends
    ).items():
        setattr(change, name, value)
    change.procedure = _version(procedure)
    change.approved_by, change.state = None, State.PLANNED
    _must_have_a_way_back(change)
    change.save()
    return {}


@act("approve", says="agreed to the plan and the risk of “{on}”", title="Approve")
def approve_change(change: Change, by: Person, *, why: str = "") -> Outcome:
    """Agree to the plan, and to the risk it declares, with somebody else's eyes."""
    _must_be(change, State.PLANNED)
    if by.pk == change.planned_by_id:
        raise CannotBeDone("Nobody approves their own plan.", hint="Ask another senior.")
    change.approved_by, change.state = by, State.APPROVED
    change.save(update_fields=["approved_by", "state"])
    return {}


def _start_effect(change: Change, given: Given) -> list[str]:
    lines = [f"{change.component}: {change.get_kind_display()}, {change.tier.word} risk"]
    if change.ends:
        lines.append(f"until {change.ends:%Y-%m-%d %H:%M} UTC at the latest")
    return [*lines, f"way back: {change.backout or 'none was planned'}"]


@act(
    "change",
    duties="MA-L1-2 MA-L2-2 MA-L2-3 MA-L3-1",
    says="began the change “{on}”",
    title="Begin",
    effect=_start_effect,
)
def start_change(change: Change, by: Person) -> Outcome:
    """Begin within the window. From now on everybody sees that it is under way."""
    _must_be(change, State.PLANNED, State.APPROVED)
    now = clock.now()
    if change.starts and now < change.starts - EARLY:
        raise CannotBeDone("Its window has not begun.", hint="Wait, or change the plan.")
    if change.ends and now >= change.ends:
        raise CannotBeDone("Its window is over.", hint="Change the plan: a new window.")
    change.state, change.started_by, change.started_at = State.UNDER_WAY, by, now
    if change.improvement is not None and change.improvement.measure:
        change.measure_after = now
    change.save(update_fields=["state", "started_by", "started_at", "measure_after"])
    return {}


@act(
    "report",
    duties="MA-L1-4",
    says="reported to {to_name} on “{on}”: {text}",
    title="Report progress",
)
def record_progress(
    change: Change,
    by: Person,
    *,
    text: Annotated[str, Field(label="How does it go?", help="A line of your own.")],
    to: Annotated[Somebody, Field(label="To")],
) -> Outcome:
    """Tell your guide how it goes or what came of it; they acknowledge it."""
    if not 0 < len(text.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="text")
    guide = named(to, field="to")
    if guide.pk == by.pk:
        raise CannotBeDone("A report is told to somebody else.", field="to")
    progress = Progress.objects.create(change=change, by=by, to=guide, text=text.strip())
    return {"ref": progress.ref, "to_name": str(guide)}


@act(
    "take",
    own=lambda progress, person: progress.to_id == person.pk,
    says="acknowledged “{on}”",
    title="Acknowledge",
)
def acknowledge_report(
    progress: Progress, by: Person, *, word: Annotated[str, Field(label="A word back")] = ""
) -> Outcome:
    """Say that you read it. Whoever it was told to does, or somebody above the one who told it."""
    if progress.acknowledged_at is not None:
        raise CannotBeDone(f"{progress.acknowledged_by} acknowledged it already.")
    if by.pk == progress.by_id:
        raise CannotBeDone("Nobody acknowledges their own report.")
    if by.pk != progress.to_id and by.level(progress.area) <= progress.by.level(progress.area):
        raise CannotBeDone(f"It was told to {progress.to}.", hint="They acknowledge it.")
    progress.acknowledged_by, progress.acknowledged_at = by, clock.now()
    progress.word = word.strip()[:500]
    progress.save(update_fields=["acknowledged_by", "acknowledged_at", "word"])
    return {}


@act(
    "change",
    duties="MA-L1-2 MA-L2-2 MA-L2-3 MA-L3-1",
    says="verified the change “{on}”: {outcome}",
    title="Complete",
)
def complete_change(
    change: Change,
    by: Person,
    *,
    outcome: Annotated[str, Field(label="How was it verified?", long=True)],
) -> Outcome:
    """Say by what you saw that it does what it should."""
    if (
        change.procedure
        and not change.runs.filter(
            of__runbook=change.procedure.runbook, state=Run.State.FINISHED
        ).exists()
    ):
        raise CannotBeDone(
            f"Its procedure was not run to the end: {change.procedure.runbook}.",
            hint="Finish the run (skipping a step is declared there), or back out.",
        )
    _end(change, by, State.VERIFIED, outcome)
    return {}


@act(
    "change",
    duties="MA-L1-2 MA-L2-2",
    says="backed out the change “{on}”: {outcome}",
    title="Back out",
    effect=lambda change, given: [f"way back: {change.backout or 'none was planned'}"],
)
def back_out(
    change: Change, by: Person, *, outcome: Annotated[str, Field(label="Why, and how", long=True)]
) -> Outcome:
    """Go the way back. A clean way back is a good change too."""
    _end(change, by, State.BACKED_OUT, outcome)
    return {}


@act("document", duties="MA-L2-4", says="settled the documents of “{on}”: {docs}", title="Document")
def document(
    change: Change,
    by: Person,
    *,
    docs: Literal["updated", "declined"],
    link: Annotated[str, Field(help="Where the updated document is.")] = "",
    reason: Annotated[str, Field(help="Why nothing needs to be written.")] = "",
) -> Outcome:
    """Say which document now describes it, or why none needs to."""
    if docs == "updated" and not link.startswith(("http://", "https://", "/")):
        raise CannotBeDone("Say where it is.", field="link", hint="A web address or /path.")
    if docs == "declined" and len(reason.split()) < 2:
        raise CannotBeDone("Say why nothing needs to be written.", field="reason")
    if change.state == State.CLOSED:
        raise CannotBeDone("The change is closed.")
    change.docs, change.docs_link = docs, link.strip()[:500]
    change.docs_reason = reason.strip()[:500]
    _close_if_settled(change)
    change.save(update_fields=["docs", "docs_link", "docs_reason", "state"])
    return {}


def _end(change: Change, by: Person, state: State, outcome: str) -> None:
    _must_be(change, State.UNDER_WAY)
    if running := change.runs.filter(state=Run.State.RUNNING).first():
        raise CannotBeDone(f"{running} goes on.", hint="Finish or halt it first.")
    if len(outcome.split()) < 2:
        raise CannotBeDone("Say what you saw.", field="outcome", hint="A sentence is enough.")
    change.state, change.result, change.outcome = state, state.value, outcome.strip()
    change.ended_by, change.ended_at = by, clock.now()
    if change.improvement is not None and change.improvement.measure:
        change.measure_after = (
            change.ended_at + SETTLES if change.measured_before is not None else change.ended_at
        )
    _close_if_settled(change)
    change.save()


def _close_if_settled(change: Change) -> None:
    if change.result and change.docs != Change.Docs.OPEN:
        change.state = State.CLOSED


def _plan(
    title: str,
    description: str,
    backout: str,
    risk: str,
    untouched_because: str,
    starts: datetime | None,
    ends: datetime | None,
) -> dict[str, Any]:
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("A title has 1 to 200 characters.", field="title")
    starts, ends = _zoned(starts), _zoned(ends)
    if ends and not starts:
        raise CannotBeDone("A window has a beginning too.", field="starts")
    if starts and (not ends or ends <= starts):
        raise CannotBeDone("A window ends after it begins.", field="ends")
    if ends and ends <= clock.now():
        raise CannotBeDone("That window is over already.", field="ends")
    return {
        "title": title.strip(), "description": description.strip(), "backout": backout.strip(),
        "declared": Tier.read(risk), "untouched_because": untouched_because.strip()[:300],
        "starts": starts, "ends": ends,
    }  # fmt: skip


def _must_have_a_way_back(change: Change) -> None:
    if change.tier is Tier.CRITICAL and not (change.backout and change.starts):
        raise CannotBeDone(
            "A critical change needs a window and a way back before it is planned.",
            field="starts" if change.backout else "backout",
        )


def _version(slug: str) -> RunbookVersion | None:
    if not slug:
        return None
    runbook = Runbook.objects.filter(slug=slug).select_related("in_force").first()
    if runbook is None or runbook.in_force is None:
        raise CannotBeDone(f"There is no published runbook {slug!r}.", field="procedure")
    return runbook.in_force


def _improvement(number: str) -> Improvement | None:
    if not number:
        return None
    accepted = Improvement.objects.filter(state=Improvement.State.ACCEPTED)
    found = accepted.filter(pk=whole(number) or 0).first()
    if found is None:
        raise CannotBeDone(
            "There is no such accepted improvement.", field="improvement", hint="Accept it first."
        )
    return found


def _must_be(change: Change, *states: State) -> None:
    if change.state not in states:
        raise CannotBeDone(f"The change is {change.get_state_display()}.")


def _zoned(moment: datetime | None) -> datetime | None:
    """A moment without a zone is in UTC: no machine's local time is meant."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
