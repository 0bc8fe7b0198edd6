"""What people do with analyses: publish one, and judge it with another senior's eyes."""

from datetime import datetime
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.investigations import together
from watchbill.investigations.acts import must
from watchbill.investigations.models import Analysis, Investigation
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person

MOST_CAUSES, LONGEST_CAUSE = 20, 500
State = Analysis.State


def _tier(on: Investigation, given: Given) -> Tier:
    """A complex one is critical, whatever it is about."""
    return Tier.CRITICAL if on.complex else on.tier


def _components(on: Any) -> list[tuple[str, str]]:
    return list(Component.objects.order_by("name").values_list("slug", "name"))


Affected = Annotated[
    tuple[str, ...],
    Field(label="What else it touches", choices=_components, help="Every component."),
]


@act(
    "analyse",
    tier=_tier,
    duties="IR-L3-2 MA-L3-2",
    says="published an analysis: {many} causes",
    title="Publish an analysis",
)
def publish_analysis(
    investigation: Investigation,
    by: Person,
    *,
    causes: Annotated[
        list[str],
        Field(help="One on each line. What, had it been otherwise, would have prevented it?"),
    ],
    impact: Annotated[str, Field(long=True, help="Whom it harmed, how much, for how long.")],
    affected: Affected = (),
) -> Outcome:
    """Publish what is understood: causes in the plural, the impact, everything it touches."""
    _must_be_ready(investigation, by)
    said = must.be_lines(causes, MOST_CAUSES, LONGEST_CAUSE, field="causes")
    if len(said) < 2:
        raise CannotBeDone(
            "Name at least two causes.", field="causes",
            hint="What started it, and what let it get that far, are rarely the same.",
        )  # fmt: skip
    touched = must.be_components(affected, field="affected")
    made = Analysis.objects.create(
        investigation=investigation, author=by, causes=said,
        impact=must.be_said(impact, 10_000, field="impact", what="Say whom it harmed, and how."),
    )  # fmt: skip
    made.affected.set(touched)
    return {"ref": made.ref, "many": len(said)}


@act(
    "analyse",
    tier=_tier,
    duties="MO-L3-2",
    says="published an analysis of measurements: {claim}",
    title="Publish an analysis of measurements",
)
def publish_pattern(
    investigation: Investigation,
    by: Person,
    *,
    query: Annotated[str, Field(label="PromQL", help="Its chart is kept as it is now.")],
    start: Annotated[datetime, Field(label="Since")],
    end: Annotated[datetime | None, Field(label="Until", help="Empty: until now.")] = None,
    pattern: Annotated[str, Field(long=True, help="What does the chart show?")],
    claim: Annotated[str, Field(long=True, help="What follows, so that it can be checked?")],
    affected: Affected = (),
) -> Outcome:
    """Publish a pattern that you saw in measurements, with its chart, and what you claim of it."""
    _must_be_ready(investigation, by)
    if investigation.area != Area.MONITORING:
        raise CannotBeDone(
            "Patterns are published in investigations of monitoring.",
            hint="Here an analysis names causes; add the chart as a finding.",
        )
    chart = must.be_a_chart(query, start, end)
    if not chart:
        raise CannotBeDone("Which query shows it?", field="query")
    touched = must.be_components(affected, field="affected")
    made = Analysis.objects.create(
        investigation=investigation, author=by, **chart,
        pattern=must.be_said(pattern, 5_000, field="pattern", what="Say what the chart shows."),
        claim=must.be_said(claim, 5_000, field="claim", what="Say what follows from it."),
    )  # fmt: skip
    made.affected.set(touched)
    return {"ref": made.ref}


def _must_be_ready(investigation: Investigation, by: Person) -> None:
    if investigation.complex:
        if by.pk != investigation.owner_id:
            raise CannotBeDone(f"{investigation.owner} leads it and publishes its analysis.")
        must_have_contributors(investigation)
    waits = investigation.analyses.filter(state=State.PUBLISHED).select_related("author").first()
    if waits is not None:
        raise CannotBeDone(f"The analysis by {waits.author} is not judged yet.")


def must_have_contributors(investigation: Investigation) -> None:
    """Raises CannotBeDone while only one person worked on it."""
    if len(together.contributors(investigation)) < 2:
        raise CannotBeDone(
            "Only one person worked on it.",
            hint="A complex one needs a second: findings, a hypothesis or a part.",
        )


@act(
    "approve",
    shows="IR-L3-2 MO-L3-2",
    says="accepted the {on}: {why}",
    title="Accept",
)
def accept_analysis(
    analysis: Analysis,
    by: Person,
    *,
    why: Annotated[str, Field(long=True, label="What did you check?")],
) -> Outcome:
    """Accept it, with what you checked. Another senior than its author does."""
    _must_be_judged_by(analysis, by)
    investigation = analysis.investigation
    if investigation.complex:
        must_have_contributors(investigation)
    if analysis.query and analysis.frozen is None:
        raise CannotBeDone(
            "Its chart is not kept"
            + (f": {analysis.freeze_error}." if analysis.freeze_error else " yet."),
            hint="Wait a moment; return it if its query is wrong.",
        )
    _judge(analysis, by, State.ACCEPTED, why)
    duty = ""
    if investigation.area == Area.INCIDENT_RESPONSE and investigation.complex:
        duty = "IR-L3-2"
    elif investigation.area == Area.MONITORING and analysis.query and analysis.frozen:
        duty = "MO-L3-2"
    return {"shows": [Show(duty, analysis.author, on=analysis, witness=by)] if duty else []}


@act("approve", says="returned the {on}: {why}", title="Return")
def return_analysis(analysis: Analysis, by: Person, *, why: Long) -> Outcome:
    """Return it, and say what is missing. Its author publishes another."""
    _must_be_judged_by(analysis, by)
    _judge(analysis, by, State.RETURNED, why)
    return {}


def _must_be_judged_by(analysis: Analysis, by: Person) -> None:
    if analysis.author_id == by.pk:
        raise CannotBeDone("Nobody judges their own analysis.", hint="Ask another senior.")
    if analysis.state != State.PUBLISHED:
        raise CannotBeDone(f"It was {analysis.state} already.")


def _judge(analysis: Analysis, by: Person, state: State, why: str) -> None:
    analysis.why = must.be_said(why, 1000, field="why", what="Say what you checked, or what lacks.")
    analysis.state, analysis.judged_by, analysis.judged_at = state, by, clock.now()
    analysis.save(update_fields=["state", "judged_by", "judged_at", "why"])
