"""What people do with a procedure: publish a version, and confirm what came of it."""

from typing import Annotated

import msgspec
from django.db.models import Max

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.lib.problems import Unreadable
from watchbill.people.models import House, Person
from watchbill.runbooks.effect import CLEAN_RUNS, READ_AGAIN, clean_share
from watchbill.runbooks.fill import words
from watchbill.runbooks.models import Execution, Runbook, RunbookVersion
from watchbill.runbooks.parse import parse
from watchbill.runbooks.procedure import Procedure
from watchbill.runbooks.shows import RESULT


def _readable(given: Given) -> Procedure | None:
    try:
        return parse(str(given.get("text", "")))
    except Unreadable:
        return None


def _area_of_text(house: House, given: Given) -> str:
    procedure = _readable(given)
    return procedure.area if procedure else Area.INCIDENT_RESPONSE.value


def _tier_of_text(house: House, given: Given) -> Tier:
    """The higher of the new text's tier and of the version's in force: nobody publishes it down."""
    procedure = _readable(given)
    if procedure is None:
        return Tier.ROUTINE
    before = Runbook.objects.filter(slug=procedure.slug).first()
    return max(Tier.read(procedure.tier), before.tier if before else Tier.ROUTINE)


def _effect_of_text(house: House, given: Given) -> list[str]:
    procedure = _readable(given)
    if procedure is None:
        return []
    before = Runbook.objects.filter(slug=procedure.slug).first()
    number = (before.versions.aggregate(last=Max("number"))["last"] or 0) + 1 if before else 1
    return [
        f"version {number} of {procedure.slug}, {procedure.tier}, {len(procedure.steps)} steps:",
        *(f"{at}. {s.title}: {s.kind} {words(s.do)}" for at, s in enumerate(procedure.steps, 1)),
    ]


@act(
    "improve",
    area=_area_of_text,
    tier=_tier_of_text,
    duties="MA-L3-5 IR-L4-4",
    says="published version {number} of the runbook “{title}”",
    title="Publish a runbook",
    moves=False,
    effect=_effect_of_text,
)
def publish(
    house: House,
    by: Person,
    *,
    text: Annotated[str, Field(long=True, label="Markdown", help="As docs/runbooks.md shows")],
    after: Annotated[int, Field(hidden=True)] = 0,
    expected: Annotated[str, Field(label="What will be better by it")] = "",
    measure: Annotated[
        str,
        Field(
            label="The measure it should move",
            help=f"PromQL that gives one number, or the words: {CLEAN_RUNS}",
        ),
    ] = "",
) -> Outcome:
    """Put a new version in force. Runs that were started go on with the version they began."""
    try:
        procedure = parse(text)
    except Unreadable as error:
        raise CannotBeDone(str(error), field="text") from None
    component = _component(procedure.component)
    runbook, _ = Runbook.objects.select_for_update().get_or_create(
        slug=procedure.slug, defaults={"title": procedure.title, "area": procedure.area}
    )
    last = runbook.versions.aggregate(last=Max("number"))["last"] or 0
    if after and after != last:
        raise CannotBeDone(
            f"Version {last} was published since you began.", hint="Look at it, then publish anew."
        )
    measured = _measured(runbook, last + 1, expected.strip(), measure.strip())
    runbook.in_force = RunbookVersion.objects.create(
        runbook=runbook, number=last + 1, source=text, content=msgspec.to_builtins(procedure),
        published_by=by, **measured,
    )  # fmt: skip
    runbook.title, runbook.area, runbook.component = procedure.title, procedure.area, component
    runbook.stakes = Tier.read(procedure.tier)
    runbook.save()
    return {
        "ref": runbook.ref, "url": runbook.get_absolute_url(),
        "number": last + 1, "title": runbook.title,
    }  # fmt: skip


def _component(slug: str) -> Component | None:
    if not slug:
        return None
    component = Component.objects.filter(slug=slug).first()
    if component is None:
        raise CannotBeDone(
            f"There is no component {slug!r}.", field="text", hint="Leave the line out, or add it."
        )
    return component


def _measured(runbook: Runbook, number: int, expected: str, measure: str) -> dict[str, str]:
    """What the version should move. Raises CannotBeDone for half of it."""
    if bool(expected) != bool(measure):
        raise CannotBeDone(
            "An effect has its words and its measure: give both, or neither.",
            field="measure" if expected else "expected",
        )
    if len(expected) > 500 or len(measure) > 1000:
        raise CannotBeDone(
            "That is too long.", field="expected" if len(expected) > 500 else "measure"
        )
    if measure == CLEAN_RUNS and clean_share(runbook, before=number) is None:
        raise CannotBeDone(
            "No run of an earlier version has ended: there is nothing to compare with.",
            field="measure", hint="Measure it by PromQL.",
        )  # fmt: skip
    return {"expected": expected, "measure": measure}


@act(
    "review",
    shows="MA-L3-5",
    says="confirmed what came of {on}: {line}",
    title="Confirm the effect",
)
def confirm_version(
    version: RunbookVersion,
    by: Person,
    *,
    line: Annotated[str, Field(label="In a line", help="Does it go better than before, and why?")],
) -> Outcome:
    """Say, as somebody who worked by it, whether this version did what it should."""
    if version.confirmed_by is not None:
        raise CannotBeDone(f"{version.confirmed_by} confirmed it already.")
    if version.published_by_id == by.pk:
        raise CannotBeDone("Nobody confirms their own version.", hint="Ask somebody who ran it.")
    if version.runbook.in_force_id != version.pk:
        raise CannotBeDone("It is not in force any more.")
    if not version.measure:
        raise CannotBeDone("It names nothing that it should move.")
    if version.before is None or version.after is None:
        raise CannotBeDone(
            "Its measure is not read again yet.",
            hint=version.measure_problem or f"It is read {READ_AGAIN.days} days after publication.",
        )
    done = Execution.objects.filter(run__of=version, by=by, state__in=RESULT)
    if not done.exists():
        raise CannotBeDone("You have not worked by this version.", hint="Run it when it is needed.")
    if not 0 < len(line.strip()) <= 500:
        raise CannotBeDone("One line, of at most 500 characters.", field="line")
    version.confirmed_by, version.confirmed_at = by, clock.now()
    version.confirmation = line.strip()
    version.save(update_fields=["confirmed_by", "confirmed_at", "confirmation"])
    maintains = version.area == Area.MAINTENANCE.value
    show = Show("MA-L3-5", version.published_by, on=version, witness=by)
    return {"url": version.get_absolute_url(), "shows": [show] if maintains else []}
