"""Fixes: workarounds that are listed beforehand, fixes applied in an incident, and their effect."""

from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.incidents.acts.seats import lead_of
from watchbill.incidents.models import Fix, Incident, Workaround
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.lib.numbers import whole
from watchbill.people.models import Person
from watchbill.runbooks.models import Runbook

Verdict = Fix.Verdict
Number = Annotated[int, Field(hidden=True, label="Fix")]


# Workarounds


def _runbooks(on: Any) -> list[tuple[str, str]]:
    published = Runbook.objects.exclude(in_force=None).order_by("title")
    return list(published.values_list("slug", "title"))


@act(
    "improve",
    area=Area.INCIDENT_RESPONSE,
    says="listed the workaround “{title}”",
    title="List a workaround",
    moves=False,
)
def list_workaround(
    component: Component,
    by: Person,
    *,
    title: Annotated[str, Field(label="What is done, in a line")],
    how: Annotated[
        str, Field(long=True, label="How", help="How it is done, what it costs, how it is undone.")
    ] = "",
    runbook: Annotated[str, Field(choices=_runbooks, help="If one does it.")] = "",
) -> Outcome:
    """Agree on a way to lessen a known fault. It is then applied as routine in any incident."""
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("A line of at most 200 characters.", field="title")
    found = None
    if runbook:
        found = Runbook.objects.exclude(in_force=None).filter(slug=runbook).first()
        if found is None:
            raise CannotBeDone(f"There is no runbook {runbook!r}.", field="runbook")
    elif not how.strip():
        raise CannotBeDone(
            "Say how it is done and undone.", field="how", hint="Or name the runbook that does it."
        )
    if component.workarounds.filter(title__iexact=title.strip(), withdrawn_at=None).exists():
        raise CannotBeDone("It is listed already.", field="title")
    made = Workaround.objects.create(
        component=component, title=title.strip(), how=how.strip(), runbook=found, listed_by=by
    )
    return {"ref": made.ref}


@act(
    "improve",
    says="took the workaround “{on}” off the list: {why}",
    title="Take it off the list",
)
def withdraw_workaround(
    workaround: Workaround, by: Person, *, why: Annotated[str, Field()]
) -> Outcome:
    """It is no routine any more: it did harm, or is not needed. What used it stays."""
    if workaround.withdrawn_at is not None:
        raise CannotBeDone("It is off the list already.")
    if not why.strip():
        raise CannotBeDone("Say why.", field="why")
    workaround.withdrawn_at = clock.now()
    workaround.save(update_fields=["withdrawn_at"])
    return {}


# Fixes


def _tier(incident: Incident, given: Given) -> Tier:
    """Routine if it is listed; else at least moderate, and as critical as the incident is."""
    if _listed(incident, given) is not None:
        return Tier.ROUTINE
    return max(Tier.MODERATE, incident.tier)


def _listed(incident: Incident, given: Given) -> Workaround | None:
    number = whole(str(given.get("workaround") or ""))
    return None if number is None else incident.workarounds.get(number)


def _effect(incident: Incident, given: Given) -> list[str]:
    found = _listed(incident, given)
    if found is None:
        return [str(given.get("what", "")).strip(), "listed by nobody: what it does is new"]
    by = f"by the runbook {found.runbook}" if found.runbook else found.how
    return [f"{found.title}: a listed workaround of {found.component}", *by.splitlines()[:8]]


def _workarounds(incident: Any) -> list[tuple[str, str]]:
    return [(str(number), found.title) for number, found in incident.workarounds.items()]


def _alerts(incident: Any) -> list[tuple[str, str]]:
    return [(str(alert.pk), str(alert)) for alert in incident.alerts.order_by("starts_at")]


@act(
    "fix",
    tier=_tier,
    duties="IR-L2-3",
    says="applied a fix: {done}{signal}",
    title="Apply a fix",
    effect=_effect,
)
def apply_fix(
    incident: Incident,
    by: Person,
    *,
    workaround: Annotated[int, Field(choices=_workarounds, label="A listed workaround")] = 0,
    what: Annotated[str, Field(label="Or what you do", help="In a line.")] = "",
    alert: Annotated[int, Field(choices=_alerts, label="The alert that should end")] = 0,
    measure: Annotated[
        str, Field(help="Or PromQL that gives one number; read now and five minutes later")
    ] = "",
) -> Outcome:
    """End or lessen the harm, and name the signal that should move. Listed ones are routine."""
    if incident.over:
        raise CannotBeDone(f"The incident is {incident.state}.", hint="Reopen it first.")
    listed = incident.workarounds.get(workaround)
    if workaround and listed is None:
        raise CannotBeDone(
            "No such workaround is listed for what is affected.", field="workaround",
            hint="Say what you do instead.",
        )  # fmt: skip
    done = listed.title if listed else what.strip()
    if not 0 < len(done) <= 300:
        raise CannotBeDone("Say in a line what you do.", field="what")
    found = incident.alerts.filter(pk=alert).first() if alert else None
    if alert and found is None:
        raise CannotBeDone("That alert is not of this incident.", field="alert")
    if found is None and not measure.strip():
        raise CannotBeDone(
            "Name the signal it should move.", field="alert",
            hint="An alert of the incident, or PromQL that gives one number.",
        )  # fmt: skip
    if len(measure.strip()) > 1000:
        raise CannotBeDone("That is too long for one number.", field="measure")
    made = Fix.objects.create(
        incident=incident, what=done, workaround=listed, alert=found, measure=measure.strip(),
        applied_by=by, alert_before=found.state if found else "",
    )  # fmt: skip
    signal = f", to end {found}" if found else ", to move a measure"
    return {"ref": made.ref, "done": done, "signal": signal}


@act(
    "lead",
    duties="IR-L3-1",
    shows="IR-L2-3",
    says="judged “{what}”: {word}. {because}",
    title="Judge",
    moves=False,
)
def judge_fix(
    incident: Incident,
    by: Person,
    *,
    fix: Number,
    verdict: Verdict,
    because: Annotated[str, Field(label="What did the signal do?")],
) -> Outcome:
    """Say whether a fix helped, by the signal it should move. That it did not is worth as much."""
    found = incident.fixes.select_related("applied_by", "alert").filter(pk=fix).first()
    if found is None:
        raise CannotBeDone("There is no such fix in this incident.", field="fix")
    if found.verdict:
        raise CannotBeDone(f"{found.judged_by} judged it already: {found.get_verdict_display()}.")
    _may_judge(found, by)
    if not 0 < len(because.strip()) <= 500:
        raise CannotBeDone("Say in a sentence what the signal did.", field="because")
    unread = bool(found.measure) and found.after is None and not found.measure_problem
    if unread and found.alert is None and verdict != Verdict.UNCLEAR:
        raise CannotBeDone("The measure is not read again yet.", hint="Wait five minutes.")
    found.verdict, found.because = verdict, because.strip()
    found.judged_by, found.judged_at = by, clock.now()
    found.alert_after = found.alert.state if found.alert else ""
    found.save(update_fields=["verdict", "because", "judged_by", "judged_at", "alert_after"])
    shows = [Show("IR-L2-3", found.applied_by, on=found, witness=by)]
    return {
        "ref": found.ref, "what": found.what, "word": found.get_verdict_display().lower(),
        "shows": [] if verdict == Verdict.UNCLEAR else shows,
    }  # fmt: skip


def _may_judge(fix: Fix, by: Person) -> None:
    if fix.applied_by_id == by.pk:
        raise CannotBeDone("Nobody judges their own fix.", hint="Ask another senior.")
    lead = lead_of(fix.incident)
    if lead is not None and lead.person_id not in (by.pk, fix.applied_by_id):
        raise CannotBeDone(f"{lead.person} leads and judges it.")
