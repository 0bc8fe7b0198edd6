"""What people do about rules: draft a better one, try it, put it in force, take it back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from watchbill.acts import timeline
from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.alerts import force, rulefile, trial
from watchbill.alerts.changes import component_of, components_of
from watchbill.alerts.models import Alert, Rule, RuleTrial, RuleVersion
from watchbill.alerts.rulefile import RuleText, WrongFile
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.seats.reads import stood_watch
from watchbill.web.words import duration_words

DAYS = 7
MOST_DAYS = 30
LATELY = timedelta(days=7)  # a watch that ended longer ago tells no more how a rule does
MOST_OPEN = 20  # trials that wait or run, of everybody together
Days = Annotated[int, Field(label="Tried on how many days", help=f"1 to {MOST_DAYS}.")]


@act(
    "suggest",
    area=Area.MONITORING,
    says="drafted version {number} of the rule {on}",
    title="Draft a better version",
)
def draft_rule(
    rule: Rule,
    by: Person,
    *,
    expr: Annotated[str, Field(label="PromQL", long=True)],
    lasts: Annotated[str, Field(label="For", help="How long it must hold: 5m. 0 is at once.")],
    why: Annotated[str, Field(label="What gets better by it")],
    days: Days = DAYS,
) -> Outcome:
    """Write another expression or duration for a rule. It is tried on stored history first."""
    if not rule.in_force:
        raise CannotBeDone("The rule is no longer in force.", hint="Write a new one.")
    query, hold = expr.strip(), _seconds(lasts)
    if not 0 < len(query) <= 10_000:
        raise CannotBeDone("A rule needs an expression.", field="expr")
    if (query, hold) == (rule.expr, rule.hold):
        raise CannotBeDone("That is what the rule says now.", field="expr")
    last = rule.versions.order_by("-number").first()
    version = RuleVersion(
        rule=rule, number=(last.number if last else 0) + 1, name=rule.name, expr=query, hold=hold,
        keep_firing=rule.keep_firing, labels=rule.labels, annotations=rule.annotations,
        interval=rule.group.interval, component=_component_of_rule(rule),
    )  # fmt: skip
    return _draft(version, by, why, days)


@act(
    "suggest",
    area=Area.MONITORING,
    says="drafted a new rule: {name}",
    title="Write a rule",
)
def write_rule(
    on: Subject,  # the component that it watches, or the house
    by: Person,
    *,
    text: Annotated[
        str, Field(label="Rule", long=True, help="One group with one alert, in Prometheus's form.")
    ],
    why: Annotated[str, Field(label="What it tells that nothing tells now")],
    days: Days = DAYS,
) -> Outcome:
    """Write a new rule in the form of a Prometheus rule file. It is tried on history first."""
    if not isinstance(on, (Component, House)):
        raise CannotBeDone("A rule watches a component, or the house.", field="on")
    interval, rule = _one_rule(text)
    same = Rule.objects.filter(name=rule.name, in_force=True).select_related("group__file").first()
    if same is not None:
        raise CannotBeDone(
            f"A rule called {rule.name} is in force already ({same.group.file}).", field="text",
            hint="Draft a better version on its page.",
        )  # fmt: skip
    component = on if isinstance(on, Component) else None
    version = RuleVersion(
        new=True, name=rule.name[:200], expr=rule.expr, hold=rule.hold,
        keep_firing=rule.keep_firing, labels=dict(rule.labels),
        annotations=dict(rule.annotations), interval=interval, component=component,
    )  # fmt: skip
    return _draft(version, by, why, days)


def _draft(version: RuleVersion, by: Person, why: str, days: int) -> Outcome:
    if not 0 < len(why.strip()) <= 1000:
        raise CannotBeDone("Say what gets better, in 1 to 1000 characters.", field="why")
    version.by, version.why = by, why.strip()
    slugs = dict(Component.objects.values_list("slug", "pk"))
    covered = Component.objects.filter(pk__in=trial.named(version, slugs))
    version.stakes = max(covered.values_list("stakes", flat=True), default=Tier.ROUTINE)
    version.save()
    _try(version, by, days)
    return {
        "ref": version.ref, "url": version.get_absolute_url(), "number": version.number,
        "name": version.name,
    }  # fmt: skip


def _try(version: RuleVersion, by: Person, days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise CannotBeDone(f"A trial takes 1 to {MOST_DAYS} days of history.", field="days")
    if RuleTrial.objects.filter(next_at__isnull=False).count() >= MOST_OPEN:
        raise CannotBeDone("Many trials wait already.", hint="Try again in a few minutes.")
    made = trial.plan(version, days, clock.now())
    made.by = by
    made.save()


def _seconds(text: str) -> float:
    try:
        return rulefile.seconds(text.strip())
    except ValueError as error:
        raise CannotBeDone(
            f"{error}.", field="lasts", hint="Write it like 30s, 5m or 1h30m."
        ) from None


def _one_rule(text: str) -> tuple[float, RuleText]:
    try:
        groups = rulefile.parse(text)
    except WrongFile as error:
        raise CannotBeDone(f"{error}.", field="text", hint=error.hint) from None
    rules = [(group.interval, rule) for group in groups for rule in group.rules]
    if len(rules) != 1 or any(group.skipped for group in groups):
        raise CannotBeDone(
            f"There are {len(rules)} alerting rules in it.", field="text",
            hint="One at a time, so that a trial says what it changes.",
        )  # fmt: skip
    return rules[0]


def _component_of_rule(rule: Rule) -> Component | None:
    """The one that its labels name, or the highest of those whose alerts it raised."""
    number = component_of(rule.labels, components_of([rule.labels]))
    if number is not None:
        return Component.objects.get(pk=number)
    raised = rule.alerts.exclude(component=None).order_by("-component__stakes", "component_id")
    alert = raised.select_related("component").first()
    return alert.component if alert else None


@act("suggest", says="asked for a trial of {on} over {days} days", title="Try it again")
def try_rule(version: RuleVersion, by: Person, *, days: Days = DAYS) -> Outcome:
    """Evaluate it over stored history, beside what is in force."""
    if version.put_at is not None:
        raise CannotBeDone("It was put in force.", hint="Draft a better version of the rule.")
    if version.trials.filter(state=RuleTrial.State.RUNNING).exists():
        raise CannotBeDone("It is on trial now.")
    _try(version, by, days)
    return {"url": version.get_absolute_url()}


def latest_trial(version: RuleVersion) -> RuleTrial | None:
    """The trial that counts."""
    return version.trials.order_by("-pk").first()


def _effect(version: RuleVersion, given: Mapping[str, Any]) -> list[str]:
    """What is evaluated from then on instead of what, and what the trial said."""
    rule = None if version.new else version.rule
    lines = [f"{version.name} fires after {_length(version.hold)} of: {version.expr}"]
    if rule:
        lines.append(f"instead of {_length(rule.hold)} of: {rule.expr}")
    done = latest_trial(version)
    if done is not None and done.state == RuleTrial.State.DONE:
        new, old = done.result["new"], done.result["old"]
        lines.append(
            f"over {done.days} days: {_told(new)}" + (f", instead of {_told(old)}" if rule else "")
        )
    return lines


def _length(seconds: float) -> str:
    return duration_words(timedelta(seconds=seconds))


def _told(side: Mapping[str, Any]) -> str:
    return f"{side['episodes']} times, {side['false']} false, {side['missed']} missed"


@act(
    "improve",
    duties="MO-L3-4",
    says="put {on} in force",
    title="Put it in force",
    effect=_effect,
)
def put_rule_in_force(version: RuleVersion, by: Person) -> Outcome:
    """Evaluate it from now on. What was in force before is kept, and can be taken back to."""
    if version.put_at is not None:
        raise CannotBeDone("It was put in force already.")
    done = latest_trial(version)
    if done is None or done.state != RuleTrial.State.DONE:
        raise CannotBeDone("It has no finished trial.", hint="Try it on stored history first.")
    rule = version.rule
    if rule is not None and done.before != rule.written:
        raise CannotBeDone("The rule changed since the trial.", hint="Try it again.")
    if rule is not None and not rule.in_force:
        raise CannotBeDone("The rule left its file since.", hint="Write it as a new one.")
    if version.new and Rule.objects.filter(name=version.name, in_force=True).exists():
        raise CannotBeDone(f"A rule called {version.name} is in force by now.")
    now = clock.now()
    force.put(version, now)
    version.put_by, version.put_at = by, now
    version.save()
    return {"url": version.get_absolute_url()}


@act("improve", says="took {on} back: {why}", title="Take it back")
def take_rule_back(version: RuleVersion, by: Person, *, why: Long) -> Outcome:
    """Go back to what was in force before it. A rule that was new leaves force."""
    if not version.in_force:
        raise CannotBeDone("It is not in force.")
    if not why.strip():
        raise CannotBeDone("Say why, for whoever drafts the next one.", field="why")
    force.take_back(version, clock.now())
    return {"url": version.get_absolute_url()}


@act(
    "review",
    shows="MO-L3-4",
    says="confirmed {on} from the watch: {how}",
    title="Confirm it from the watch",
)
def confirm_rule(
    version: RuleVersion,
    by: Person,
    *,
    how: Annotated[str, Field(label="How it does", help="From your watch, in a sentence.")],
) -> Outcome:
    """Say, as somebody who stands or lately stood watch, that it tells what it should."""
    if by.pk in (version.by_id, version.put_by_id):
        raise CannotBeDone("Nobody confirms a rule of their own.")
    if by.level(Area.MONITORING) < 2:
        raise CannotBeDone("It is confirmed by somebody at L2 or above in monitoring.")
    if not version.in_force:
        raise CannotBeDone("It is not in force.")
    if version.confirmed_at is not None:
        raise CannotBeDone(f"{version.confirmed_by} confirmed it already.")
    if not 0 < len(how.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="how")
    if not (_took_its_alert(version, by) or _stood_watch(version, by)):
        raise CannotBeDone(
            "You held no watch and took no alert of it since it is in force.",
            hint="Whoever takes its next alert can say how it does.",
        )
    version.confirmed_by, version.confirmed_at = by, clock.now()
    version.save(update_fields=["confirmed_by", "confirmed_at"])
    # The duty is to put a better rule in force: who wrote it and who did so must be one person.
    own = version.put_by == version.by
    return {"shows": [Show("MO-L3-4", version.by, on=version, witness=by)] if own else []}


def _stood_watch(version: RuleVersion, by: Person) -> bool:
    """While the version was in force, and not so long ago that they speak from memory."""
    since = clock.now() - LATELY
    return stood_watch(by, max(since, version.put_at) if version.put_at else since)


def _took_its_alert(version: RuleVersion, by: Person) -> bool:
    taken = timeline.done("alerts.take", since=version.put_at).filter(by=by)
    raised = Alert.objects.filter(rule=version.rule, received_at__gte=version.put_at)
    return taken.filter(subject__in=[alert.ref for alert in raised[:1000]]).exists()


__all__ = [
    "confirm_rule",
    "draft_rule",
    "put_rule_in_force",
    "take_rule_back",
    "try_rule",
    "write_rule",
]
