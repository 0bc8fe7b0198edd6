"""Work that somebody begins unasked: before an incident, or to make a component better."""

from datetime import date
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject
from watchbill.practice.about import area_of
from watchbill.practice.models import Improvement
from watchbill.practice.trouble import trouble_of

Expected = Annotated[str, Field(long=True, label="Effect expected", help="A number is best.")]
Measure = Annotated[
    str, Field(help="PromQL that gives one number. It is read now and again on the due date.")
]
Aim = Literal["performance", "stability", "security"]


def _component_of(on: Subject) -> Component | None:
    found = on if isinstance(on, Component) else getattr(on, "component", None)
    return found if isinstance(found, Component) else None


def _tier(on: Any, given: Given) -> Tier:
    component = _component_of(on)
    return component.tier if component else Tier(on.tier)


def _plan(on: Any, given: Given) -> list[str]:
    told = [
        f"“{given.get('title', '')}” is yours, due {given.get('due') or '…'}",
        f"measured now and then: {given.get('measure', '')}",
    ]
    return told if given else []


@act(
    "initiate",
    area=Area.MONITORING,
    tier=_tier,
    duties="MO-L3-3",
    says="began to prevent: {title}",
    title="Start preventive work",
    moves=False,
    effect=_plan,
)
def initiate_prevention(
    on: Subject,
    by: Person,
    *,
    title: str,
    expected: Expected,
    measure: Measure,
    due: date,
    trend: Annotated[
        str, Field(help="PromQL that shows it coming. Needed when you start from a component.")
    ] = "",
) -> Outcome:
    """Act on an alert, a report or a trend before it becomes an incident."""
    component = _component_of(on)
    watched = area_of(on, {}) == Area.MONITORING and hasattr(on, "component")
    if not watched and not isinstance(on, Component):
        raise CannotBeDone(
            "Preventive work begins from an alert, a report or a component.", field="on"
        )
    if isinstance(on, Component) and not trend.strip():
        raise CannotBeDone(
            "Which trend shows it coming?", field="trend",
            hint="PromQL, as on the explore page; or start from an alert or a report.",
        )  # fmt: skip
    for one in (on, component):
        if one is not None and (reason := trouble_of(one)):
            raise CannotBeDone(reason, hint="There it is worked on; prevent the next one later.")
    return _begin(
        on, by, Area.MONITORING, title, expected, measure, due, trend=trend.strip(),
        aim=Improvement.Aim.PREVENTION,
    )  # fmt: skip


@act(
    "initiate",
    area=Area.MAINTENANCE,
    duties="MA-L3-3",
    says="began to improve {aim}: {title}",
    title="Initiate an improvement",
    moves=False,
    effect=_plan,
)
def initiate_enhancement(
    component: Component,
    by: Person,
    *,
    title: str,
    aim: Aim,
    expected: Expected,
    measure: Measure,
    due: date,
) -> Outcome:
    """Begin work on performance, stability or security that nobody asked for, measured before."""
    return _begin(
        component, by, Area.MAINTENANCE, title, expected, measure, due, aim=Improvement.Aim(aim)
    )


def _begin(
    on: Subject, by: Person, area: Area, title: str, expected: str, measure: str, due: date,
    *, aim: Improvement.Aim, trend: str = "",
) -> Outcome:  # fmt: skip
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("A title has 1 to 200 characters.", field="title")
    if not expected.strip():
        raise CannotBeDone("Say what will be better afterwards.", field="expected")
    for name, query in (("measure", measure), ("trend", trend)):
        if len(query.strip()) > 1000:
            raise CannotBeDone("A query has at most 1000 characters.", field=name)
    if not measure.strip():
        raise CannotBeDone(
            "Say what will be measured.", field="measure", hint="PromQL that gives one number."
        )
    if due <= clock.now().date():
        raise CannotBeDone(
            "The date is not in the future.", field="due",
            hint="The effect is read on that day: leave it time to show.",
        )  # fmt: skip
    work = Improvement.objects.create(
        about=on.ref, area=area, title=title.strip(), expected=expected.strip(),
        measure=measure.strip(), trend=trend, aim=aim, proposed_by=by, owner=by, due=due,
        state=Improvement.State.ACCEPTED, decided_by=by, decided_at=clock.now(),
    )  # fmt: skip
    return {"ref": work.ref, "url": work.get_absolute_url()}
