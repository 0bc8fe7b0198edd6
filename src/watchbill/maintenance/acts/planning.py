"""Planning a change: what, when, how risky, the way back; who agrees to it and who leads it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.lib.numbers import whole
from watchbill.maintenance.acts.rules import leads, must_be, must_not_have_ended
from watchbill.maintenance.models import Change
from watchbill.people.models import Person
from watchbill.practice.models import Improvement
from watchbill.runbooks.models import Runbook, RunbookVersion

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


def procedures(on: Any) -> list[tuple[str, str]]:
    """The runbooks there are, for a form."""
    published = Runbook.objects.exclude(in_force=None).order_by("title")
    return list(published.values_list("slug", "title"))


Procedure = Annotated[
    str, Field(choices=procedures, help="A runbook; its version in force is what is planned.")
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
        procedure=version_of(procedure, field="procedure"),
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
    must_be(change, State.PLANNED, State.APPROVED)
    for name, value in _plan(
        title, description, backout, risk, untouched_because, starts, ends
    ).items():
        setattr(change, name, value)
    change.procedure = version_of(procedure, field="procedure")
    change.approved_by, change.state = None, State.PLANNED
    _must_have_a_way_back(change)
    change.save()
    return {}


@act("approve", says="agreed to the plan and the risk of “{on}”", title="Approve")
def approve_change(change: Change, by: Person, *, why: str = "") -> Outcome:
    """Agree to the plan, and to the risk it declares, with somebody else's eyes."""
    must_be(change, State.PLANNED)
    if by.pk == change.planned_by_id:
        raise CannotBeDone("Nobody approves their own plan.", hint="Ask another senior.")
    change.approved_by, change.state = by, State.APPROVED
    change.save(update_fields=["approved_by", "state"])
    return {}


@act(
    "lead",
    duties="MA-L3-1",
    says="took the lead of “{on}”",
    title="Take the lead",
)
def take_lead_of_change(change: Change, by: Person) -> Outcome:
    """Answer for the plan, the window, the way back, the second person and the verification."""
    must_not_have_ended(change)
    if change.led_by_id is not None:
        raise CannotBeDone(f"{change.led_by} leads it.", hint="They leave the lead first.")
    change.led_by, change.led_since = by, clock.now()
    change.save(update_fields=["led_by", "led_since"])
    return {}


@act("lead", own=leads, tier=Tier.ROUTINE, says="left the lead of “{on}”", title="Leave the lead")
def leave_lead_of_change(change: Change, by: Person) -> Outcome:
    """Make room for another lead. Parts that were divided stay as they are."""
    must_not_have_ended(change)
    if change.led_by_id is None:
        raise CannotBeDone("Nobody leads it.")
    change.led_by, change.led_since = None, None
    change.save(update_fields=["led_by", "led_since"])
    return {}


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
    starts, ends = starts and clock.zoned(starts), ends and clock.zoned(ends)
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


def version_of(slug: str, *, field: str) -> RunbookVersion | None:
    """The version in force of the runbook called `slug`. Raises CannotBeDone naming `field`."""
    if not slug:
        return None
    runbook = Runbook.objects.filter(slug=slug).select_related("in_force").first()
    if runbook is None or runbook.in_force is None:
        raise CannotBeDone(f"There is no published runbook {slug!r}.", field=field)
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
