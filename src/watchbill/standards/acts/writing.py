"""Writing standards: a name, a draft with its measure and checks, and putting it in force."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.somebody import Somebody, named
from watchbill.standards.checks import CHECKS, WrongParameter
from watchbill.standards.models import Check, Standard, StandardVersion

State = StandardVersion.State
Kind = Standard.Kind
CHECKED_KINDS = (Kind.QUALITY, Kind.PROCEDURE)
MOST_CHECKS = 30
AREAS = [(area.value, area.title) for area in Area]

Text = Annotated[str, Field(long=True, label="What it says", help="Markdown.")]
Reason = Annotated[str, Field(long=True, label="Why it says so")]
Query = Annotated[
    str, Field(label="Measure: PromQL", help="One number that it should move; read by itself.")
]
Words = Annotated[
    str, Field(label="Or a measure in words", help="What is counted, by whom, from where.")
]
Before = Annotated[str, Field(label="Its value now", help="Of a measure in words.")]


def _area(on: Any, given: Given) -> str:
    area = str(given.get("area", ""))
    return area if area in dict(AREAS) else Area.INCIDENT_RESPONSE.value


def _kinds(on: Any) -> list[tuple[str, str]]:
    return [(kind.name, f"{kind.name}: {kind.words}") for kind in CHECKS.values()]


def labels_of(on: Any) -> list[tuple[str, str]]:
    """The checks of a version, or of the version in force, for a form."""
    version = on if isinstance(on, StandardVersion) else on.in_force
    checks = version.checks.filter(dropped=False).order_by("pk") if version else []
    return [(check.label, check.label) for check in checks]


@act(
    "improve",
    area=_area,
    tier=Tier.ROUTINE,
    says="began the standard “{title}”",
    title="Begin a standard",
)
def start_standard(
    house: House,
    by: Person,
    *,
    title: str,
    area: Annotated[str, Field(choices=lambda on: AREAS)],
    kind: Kind,
    about: Annotated[str, Field(long=True, label="What it is for")] = "",
    owner: Annotated[Somebody, Field(label="Owner", help="Empty: you.")] = "",
) -> Outcome:
    """Name a standard, a process or a severity scheme, and who owns it. Its text comes next."""
    if not 0 < len(title.strip()) <= 200:
        raise CannotBeDone("It needs a title of at most 200 characters.", field="title")
    if area not in dict(AREAS):
        raise CannotBeDone("There is no such area.", field="area", hint=", ".join(dict(AREAS)))
    if Standard.objects.filter(title__iexact=title.strip()).exists():
        raise CannotBeDone("One with this title exists.", field="title", hint="Draft a version.")
    owned_by = named(owner, field="owner") if owner else by
    made = Standard.objects.create(
        title=title.strip(), area=area, kind=kind, owner=owned_by, about=about.strip()
    )
    return {"ref": made.ref, "url": made.get_absolute_url()}


@act(
    "improve",
    tier=Tier.ROUTINE,
    says="drafted version {number} of “{on}”",
    title="Draft a version",
)
def draft_version(
    standard: Standard,
    by: Person,
    *,
    text: Text,
    reason: Reason,
    query: Query = "",
    words: Words = "",
    before: Before = "",
) -> Outcome:
    """Write what it shall say, why, and by which measure one will see that it helps."""
    return _draft(standard, by, text, reason, query, words, before)


@act(
    "improve",
    tier=Tier.CRITICAL,
    duties="IR-L4-4",
    says="automated a step of “{on}”: {step}",
    title="Automate a step",
)
def automate_step(
    standard: Standard,
    by: Person,
    *,
    step: Annotated[str, Field(label="The step that is done by hand today")],
    automated_by: Annotated[
        str, Field(label="What does it from now on", help="such as runbooks.runbook:3")
    ],
    text: Text,
    reason: Reason,
    query: Query = "",
    words: Words = "",
    before: Before = "",
) -> Outcome:
    """Draft a version in which something does what people did by hand, with the measure of it."""
    if standard.kind != Kind.PROCESS:
        raise CannotBeDone("Only a process has steps.", hint="Draft a version instead.")
    if not 0 < len(step.strip()) <= 300:
        raise CannotBeDone("Name the step in 1 to 300 characters.", field="step")
    try:
        carrier: Subject = find(automated_by.strip())
    except UnknownSubject as error:
        raise CannotBeDone(
            f"There is no such thing: {error}.", field="automated_by",
            hint="A runbook, a change or an improvement, by its reference.",
        ) from None  # fmt: skip
    if isinstance(carrier, (Person, House)):
        raise CannotBeDone("People do it by hand.", field="automated_by")
    return _draft(
        standard, by, text, reason, query, words, before,
        automates=step.strip(), automated_by=carrier.ref,
    )  # fmt: skip


@act(
    "improve",
    tier=Tier.ROUTINE,
    says="put the check “{called}” into “{on}”",
    title="Add a check",
)
def add_check(
    version: StandardVersion,
    by: Person,
    *,
    check: Annotated[str, Field(choices=_kinds)],
    given: Annotated[
        tuple[str, ...],
        Field(label="Parameters", help="One on each line, such as at_least=2."),
    ] = (),
    label: Annotated[str, Field(label="Called", help="Empty: as the check is described.")] = "",
    from_tier: Annotated[
        Literal["routine", "moderate", "critical"], Field(label="For components from tier")
    ] = "routine",
) -> Outcome:
    """Have something checked for each component. What cannot be checked is refused."""
    _must_be_draft(version)
    kind = CHECKS.get(check)
    if kind is None:
        raise CannotBeDone(
            f"There is no check {check!r}.", field="check", hint=f"There are: {', '.join(CHECKS)}."
        )
    try:
        values = kind.read(_pairs(given))
    except WrongParameter as error:
        raise CannotBeDone(f"{error}.", field="given") from None
    called = (label.strip() or kind.words)[:100]
    known = version.checks.filter(dropped=False)
    if known.filter(label=called).exists():
        raise CannotBeDone(f"A check is called “{called}” already.", field="label")
    if known.count() >= MOST_CHECKS:
        raise CannotBeDone(f"A standard has at most {MOST_CHECKS} checks.")
    Check.objects.create(
        of=version, label=called, name=check, given=values, from_tier=Tier.read(from_tier)
    )
    version.checked_at = None
    version.save(update_fields=["checked_at"])
    return {"called": called, "ref": version.standard.ref}


@act(
    "improve",
    tier=Tier.ROUTINE,
    says="took the check “{check}” out of “{on}”",
    title="Take a check out",
)
def drop_check(
    version: StandardVersion, by: Person, *, check: Annotated[str, Field(choices=labels_of)]
) -> Outcome:
    """Leave a check out of a draft."""
    _must_be_draft(version)
    if not version.checks.filter(label=check, dropped=False).update(dropped=True):
        raise CannotBeDone("It has no such check.", field="check")
    return {}


def _effect(version: StandardVersion, given: Given) -> list[str]:
    old = version.standard.in_force
    lines = [f"{version} holds from now on"]
    if old is not None:
        lines.append(f"version {old.number} is superseded")
    many = version.checks.filter(dropped=False).count()
    return [*lines, f"{many} checks run for each component" if many else "it has no checks"]


@act(
    "standard",
    duties="IR-L4-4 MO-L4-3 MA-L4-3",
    says="put “{on}” in force",
    title="Put in force",
    effect=_effect,
)
def put_in_force(version: StandardVersion, by: Person) -> Outcome:
    """Let the draft hold from now on, once its checks and its measure were tried."""
    _must_be_draft(version)
    standard = version.standard
    if standard.kind == Kind.PROCESS and not version.has_measure:
        raise CannotBeDone(
            "A process needs a measure chosen beforehand.",
            hint="Draft it anew with PromQL or with words.",
        )
    if version.query and not version.before:
        raise CannotBeDone(
            f"Its measure was not read yet{_because(version.measure_problem)}.",
            hint="It is read within a minute; a query that gives no single number never is.",
        )
    checks = list(version.checks.filter(dropped=False).order_by("pk"))
    if standard.kind in CHECKED_KINDS and not checks:
        raise CannotBeDone("It has no check.", hint="Add what can be checked for each component.")
    for check in checks:
        kind = CHECKS.get(check.name)
        if kind is None:
            raise CannotBeDone(f"“{check}” is no check any more.", hint="Take it out.")
        if kind.asks_telemetry and (check.tried_at is None or check.problem):
            raise CannotBeDone(
                f"“{check}” has not been tried with success yet{_because(check.problem)}.",
                hint="Drafts are tried within a minute; mend the query or take the check out.",
            )
    now = clock.now()
    held = standard.versions.filter(state=State.IN_FORCE)
    held.update(state=State.SUPERSEDED, ended_at=now)
    version.state, version.in_force_by, version.in_force_at = State.IN_FORCE, by, now
    version.checked_at = None
    version.save(update_fields=["state", "in_force_by", "in_force_at", "checked_at"])
    return {"url": standard.get_absolute_url()}


def _because(problem: str) -> str:
    return f": it {problem}" if problem else ""


def _draft(
    standard: Standard, by: Person, text: str, reason: str, query: str, words: str, before: str,
    *, automates: str = "", automated_by: str = "",
) -> Outcome:  # fmt: skip
    if standard.versions.filter(state=State.DRAFT).exists():
        raise CannotBeDone("A draft is being written.", hint="Put it in force first.")
    if not text.strip():
        raise CannotBeDone("Say what it says.", field="text")
    if not reason.strip():
        raise CannotBeDone("Say why: those who follow it ask.", field="reason")
    if query.strip() and words.strip():
        raise CannotBeDone("One measure: PromQL or words.", field="words")
    if bool(words.strip()) != bool(before.strip()):
        raise CannotBeDone(
            "A measure in words needs its value now, to compare with.", field="before"
        )
    if len(words) > 500 or len(before) > 200:
        raise CannotBeDone("The measure is too long.", field="words")
    last = standard.versions.order_by("-number").first()
    version = StandardVersion.objects.create(
        standard=standard, number=last.number + 1 if last else 1, text=text.strip(),
        reason=reason.strip(), query=query.strip(), words=words.strip(), before=before.strip(),
        automates=automates, automated_by=automated_by, written_by=by,
    )  # fmt: skip
    if last is not None:
        Check.objects.bulk_create(
            Check(of=version, label=one.label, name=one.name, given=one.given,
                  from_tier=one.from_tier)
            for one in last.checks.filter(dropped=False).order_by("pk")
        )  # fmt: skip
    return {"ref": version.ref, "url": version.get_absolute_url(), "number": version.number}


def _pairs(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise CannotBeDone(f"{line!r} is no parameter.", field="given", hint="name=value")
        found[name.strip()] = value.strip()
    return found


def _must_be_draft(version: StandardVersion) -> None:
    if version.state != State.DRAFT:
        raise CannotBeDone(
            f"It is {version.get_state_display().lower()}: it stays as it is.",
            hint="Draft a version.",
        )
