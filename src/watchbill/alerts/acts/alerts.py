"""What people do about alerts: take, close, confirm that they stayed closed, silence."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from watchbill.acts.authority import Mode
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.alerts import matchers
from watchbill.alerts.matchers import Matcher, WrongMatcher
from watchbill.alerts.models import Alert, Closing, Silence, covered, highest_tier
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.web.words import duration_words

SHOWN = 20  # alerts listed in a preview
LONGEST = timedelta(days=30)


@act("take", duties="MO-L2-2", says="took {on}", title="Take it")
def take(alert: Alert, by: Person) -> Outcome:
    """Say that you look after this alert until it is closed."""
    if alert.state != Alert.State.FIRING:
        raise CannotBeDone("It does not fire any more.", hint="Close it with its cause instead.")
    if alert.taken_by_id == by.pk:
        raise CannotBeDone("You have it already.")
    alert.taken_by, alert.taken_at = by, clock.now()
    alert.save(update_fields=["taken_by", "taken_at"])
    return {}


def _causes(alert: Alert) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Alert.Cause.choices]


@act("take", duties="MO-L2-2", says="closed {on}: {found}", title="Close it")
def close(
    alert: Alert,
    by: Person,
    *,
    cause: Annotated[str, Field(label="What it was", choices=_causes)],
    why: Annotated[str, Field(label="In a sentence", long=True)] = "",
) -> Outcome:
    """Say what it turned out to be; it calls nobody any more until it starts anew."""
    if cause not in Alert.Cause.values:
        raise CannotBeDone(
            "There is no such cause.",
            field="cause",
            hint="One of: " + ", ".join(Alert.Cause.values),
        )
    if alert.closed_at is not None:
        raise CannotBeDone("It is closed already.", hint="Add a note instead.")
    if alert.starts_at is None:
        raise CannotBeDone("It never fired.")
    alert.closed_by, alert.closed_at, alert.cause = by, clock.now(), cause
    alert.save(update_fields=["closed_by", "closed_at", "cause"])
    Closing.objects.create(
        alert=alert, by=by, at=alert.closed_at, cause=cause,
        own=alert.taken_by_id == by.pk, alone=close.may(by, alert).mode is Mode.ALONE,
    )  # fmt: skip
    return {"found": Alert.Cause(cause).label}


@act(
    "review",
    area=Area.MONITORING,
    shows="MO-L2-2",
    says="confirmed that {on} stayed closed",
    title="Confirm that it stayed closed",
)
def confirm_closed(closing: Closing, by: Person) -> Outcome:
    """Say, a week after somebody else closed an alert, that it has not come back."""
    if why_not := closing.why_not_confirmed_by(by, clock.now()):
        raise CannotBeDone(why_not)
    closing.confirmed_by, closing.confirmed_at = by, clock.now()
    closing.save(update_fields=["confirmed_by", "confirmed_at"])
    url = closing.alert.get_absolute_url()
    return {"url": url, "shows": [Show("MO-L2-2", closing.by, on=closing.alert, witness=by)]}


def _quiet(on: House, given: Mapping[str, Any]) -> list[str]:
    """What a silence would keep quiet now, in words."""
    conditions = _conditions(given.get("matchers", ""))
    alerts = covered(conditions)
    length = duration_words(_span(given)[1] - _span(given)[0])
    lines = [f"Alerts with {', '.join(map(str, conditions))} call nobody for {length}."]
    lines += [f"Goes quiet now: {alert} ({alert.summary})" for alert in alerts[:SHOWN]]
    if len(alerts) > SHOWN:
        lines.append(f"… and {len(alerts) - SHOWN} more.")
    return lines if alerts else [*lines, "No alert that fires now is meant by this."]


def _highest(on: House, given: Mapping[str, Any]) -> Tier:
    """The highest tier of what may go quiet; what cannot be read is refused by the deed."""
    try:
        return highest_tier(matchers.parse(str(given.get("matchers", ""))))
    except WrongMatcher:
        return Tier.ROUTINE


@act(
    "fix",
    area=Area.MONITORING,
    says="silenced {matchers} for {length}: {why}",
    title="Silence",
    tier=_highest,
    effect=_quiet,
    moves=False,
)
def silence(
    house: House,
    by: Person,
    *,
    matchers: Annotated[
        str, Field(label="Which alerts", help='alertname="DiskFull", host=~"db-.*"')
    ],
    minutes: Annotated[int, Field(label="For how many minutes", help="At most 30 days.")] = 60,
    why: Long,
    begins: Annotated[datetime | None, Field(hidden=True)] = None,
    ends: Annotated[datetime | None, Field(hidden=True)] = None,
) -> Outcome:
    """Keep the alerts that match from calling anybody for a while. They stay visible."""
    if not why.strip():
        raise CannotBeDone("Say why, for whoever looks next.", field="why")
    conditions = _conditions(matchers)
    starts_at, ends_at = _span({"minutes": minutes, "begins": begins, "ends": ends})
    if not timedelta() < ends_at - starts_at <= LONGEST or ends_at <= clock.now():
        raise CannotBeDone("A silence lasts 1 minute to 30 days, from now on.", field="minutes")
    made = Silence.objects.create(
        matchers=[one.as_json() for one in conditions],
        starts_at=starts_at,
        ends_at=ends_at,
        by=by,
        comment=why[:1000],
    )
    return {"ref": made.ref, "length": duration_words(ends_at - starts_at)}


def _span(given: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """From when to when: programs give moments, people a length from now."""
    begins = given.get("begins") or clock.now()
    return begins, given.get("ends") or begins + timedelta(minutes=min(given["minutes"], 10**6))


def _conditions(text: object) -> list[Matcher]:
    try:
        conditions = matchers.parse(str(text))
    except WrongMatcher as error:
        raise CannotBeDone(
            str(error),
            field="matchers",
            hint='Write them like alertname="DiskFull", host=~"db-.*".',
        ) from None
    if not matchers.narrows(conditions):
        raise CannotBeDone(
            "This would silence everything.", field="matchers", hint="Name a label and its value."
        )
    return conditions


@act("fix", says="ended the silence of {on}", title="End the silence")
def unsilence(silence: Silence, by: Person) -> Outcome:
    """Let the alerts call people again from now on."""
    now = clock.now()
    if silence.ends_at <= now:
        raise CannotBeDone("It has ended already.")
    silence.ends_at = now
    silence.starts_at = min(silence.starts_at, now)
    silence.save(update_fields=["starts_at", "ends_at"])
    return {}
