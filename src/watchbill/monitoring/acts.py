"""What people do about measurements."""

from datetime import datetime
from typing import Annotated, Literal

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.monitoring.models import Report
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject

UNITS = ("", "percent", "seconds", "bytes")


@act(
    "report",
    area=Area.MONITORING,
    duties="MO-L1-3",
    says="reported an anomaly: {what}",
    title="Report an anomaly",
)
def report_anomaly(
    on: Subject,  # a component, or the house when nobody can tell yet which one
    by: Person,
    *,
    what: Annotated[str, Field(label="What looks wrong?", help="In a sentence, as you see it.")],
    start: Annotated[datetime, Field(label="Since")],
    end: Annotated[datetime | None, Field(label="Until", help="Empty: until now.")] = None,
    query: Annotated[str, Field(help="PromQL, if you saw it on a chart.")] = "",
) -> Outcome:
    """Tell somebody who stands above you that a measurement looks wrong. Noise counts too."""
    if not isinstance(on, (Component, House)):
        raise CannotBeDone("A report is about a component or about the house.", field="on")
    begin, until = clock.zoned(start), clock.zoned(end) if end else clock.now()
    if begin >= until:
        raise CannotBeDone("It ends before it begins.", field="end")
    if not 0 < len(what.strip()) <= 500:
        raise CannotBeDone("Say it in 1 to 500 characters.", field="what")
    report = Report.objects.create(
        by=by,
        component=on if isinstance(on, Component) else None,
        what=what.strip(),
        query=query.strip(),
        start=begin,
        end=until,
        level=by.level(Area.MONITORING),
        freeze_after=clock.now() if query.strip() else None,
    )
    return {"ref": report.ref, "url": report.get_absolute_url()}


@act(
    "take",
    duties="MO-L2-2",
    shows="MO-L1-3",
    says="answered “{on}”: {answer}, {because}",
    title="Answer",
)
def triage(
    report: Report,
    by: Person,
    *,
    answer: Literal["real", "known", "noise"],
    because: Annotated[
        str, Field(label="Because", help="What the reporter learns from it, in a sentence.")
    ],
) -> Outcome:
    """Tell the reporter whether it is real, known already or noise, and why."""
    if not report.is_open:
        raise CannotBeDone(f"It was answered already: {report.answer}.")
    if why_not := report.why_not_received_by(by):
        raise CannotBeDone(why_not)
    if not 0 < len(because.strip()) <= 1000:
        raise CannotBeDone("Say why in 1 to 1000 characters.", field="because")
    report.answer, report.because = answer, because.strip()
    report.answered_by, report.answered_at = by, clock.now()
    report.save(update_fields=["answer", "because", "answered_by", "answered_at"])
    return {"shows": [Show("MO-L1-3", report.by, on=report, witness=by)]}


@act("take", duties="MO-L2-2", says="closed “{on}”: {cause}", title="Close it with its cause")
def close_find(
    report: Report,
    by: Person,
    *,
    cause: Annotated[
        str, Field(label="What it was, and what ended it", help="In a sentence or two.", long=True)
    ],
) -> Outcome:
    """Close a find that was real, once it is dealt with."""
    if report.answer != Report.Answer.REAL:
        raise CannotBeDone("Only what was answered as real is closed.")
    if by.pk not in (report.by_id, report.answered_by_id):
        raise CannotBeDone("Its finder closes it, or whoever answered it.")
    if report.closed_at is not None:
        raise CannotBeDone("It is closed already.")
    if not 0 < len(cause.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="cause")
    report.cause, report.closed_by, report.closed_at = cause.strip(), by, clock.now()
    report.closed_alone = close_find.may(by, report).mode is Mode.ALONE
    report.save(update_fields=["cause", "closed_by", "closed_at", "closed_alone"])
    return {}


@act(
    "review",
    shows="MO-L2-2",
    says="confirmed that “{on}” stayed closed",
    title="Confirm that it stayed closed",
)
def confirm_find(report: Report, by: Person) -> Outcome:
    """Say, a week after somebody else closed a find, that it has not come back."""
    if why_not := report.why_not_confirmed_by(by, clock.now()):
        raise CannotBeDone(why_not)
    report.confirmed_by, report.confirmed_at = by, clock.now()
    report.save(update_fields=["confirmed_by", "confirmed_at"])
    assert report.closed_by is not None
    return {"shows": [Show("MO-L2-2", report.closed_by, on=report, witness=by)]}


@act(
    "improve",
    area=Area.MONITORING,
    duties="MO-L3-4",
    says="set the chart {title} of {on}",
    title="Set a chart",
)
def set_chart(
    component: Component,
    by: Person,
    *,
    title: str,
    query: Annotated[str, Field(label="PromQL", help="Empty takes the chart away.")] = "",
    unit: Annotated[str, Field(choices=lambda on: [(u, u or "a number") for u in UNITS])] = "",
) -> Outcome:
    """Choose what is drawn for a component, for everybody."""
    if not 0 < len(title.strip()) <= 100:
        raise CannotBeDone("A title has 1 to 100 characters.", field="title")
    if unit not in UNITS:
        raise CannotBeDone("There is no such unit.", field="unit", hint=", ".join(UNITS[1:]))
    chart = {"title": title.strip(), "query": query.strip(), "unit": unit}
    charts = [chart if old["title"] == chart["title"] else old for old in component.charts]
    if chart not in charts:
        charts.append(chart)
    component.charts = [one for one in charts if one["query"]]
    component.save(update_fields=["charts"])
    return {}
