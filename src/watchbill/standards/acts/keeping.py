"""Living with a standard: exemptions, the measure read again, its effect confirmed."""

from datetime import date, timedelta
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import Person
from watchbill.standards.acts.writing import labels_of
from watchbill.standards.models import REREAD_AFTER, Exemption, Standard, StandardVersion

State = StandardVersion.State
LONGEST = timedelta(days=180)
CONFIRMS_FROM = 3  # the level that reads an effect


def components(on: Any) -> list[tuple[str, str]]:
    """Every component, for a form."""
    return [(one.slug, one.name) for one in Component.objects.order_by("name")[:1000]]


@act(
    "standard",
    says="exempted {whom} from “{check}” of “{on}” until {until}: {reason}",
    title="Exempt a component",
)
def exempt(
    standard: Standard,
    by: Person,
    *,
    component: Annotated[str, Field(choices=components)],
    check: Annotated[str, Field(choices=labels_of)],
    reason: str,
    until: Annotated[date, Field(help="At most 180 days; it ends by itself.")],
) -> Outcome:
    """Let a component be without something until a date, with the reason."""
    if check not in dict(labels_of(standard)):
        raise CannotBeDone("The version in force has no such check.", field="check")
    found = Component.objects.filter(slug=component).first()
    if found is None:
        raise CannotBeDone(f"There is no component {component!r}.", field="component")
    if not 0 < len(reason.strip()) <= 500:
        raise CannotBeDone("Say why, in 1 to 500 characters.", field="reason")
    today = clock.now().date()
    if not today <= until <= today + LONGEST:
        raise CannotBeDone(
            "It ends within 180 days.",
            field="until",
            hint="What lasts longer changes the standard.",
        )
    Exemption.objects.create(
        standard=standard, component=found, label=check, reason=reason.strip(), until=until, by=by
    )
    return {"refs": [found.ref], "whom": str(found)}


@act(
    "note",
    says="read the measure of “{on}” again: {value}",
    title="Read the measure again",
    moves=True,
)
def read_measure(
    version: StandardVersion,
    by: Person,
    *,
    value: Annotated[str, Field(label="Its value now")],
) -> Outcome:
    """Read a measure in words again, thirty days after the version came into force or later."""
    if version.state != State.IN_FORCE:
        raise CannotBeDone(f"It is {version.get_state_display().lower()}.")
    if not version.words:
        raise CannotBeDone("It has no measure in words.", hint="PromQL is read by itself.")
    if version.after:
        raise CannotBeDone(f"It was read already: {version.after}.")
    if clock.now() < _since(version) + REREAD_AFTER:
        raise CannotBeDone(
            "It is too early.", hint=f"From {_since(version) + REREAD_AFTER:%d %B %Y} on."
        )
    if not 0 < len(value.strip()) <= 200:
        raise CannotBeDone("Give its value in 1 to 200 characters.", field="value")
    version.after, version.read_by, version.read_at = value.strip(), by, clock.now()
    version.save(update_fields=["after", "read_by", "read_at"])
    return {}


@act(
    "review",
    shows="IR-L4-4",
    says="confirmed the effect of “{on}”: {effect}",
    title="Confirm the effect",
    moves=True,
)
def confirm_effect(
    version: StandardVersion,
    by: Person,
    *,
    effect: StandardVersion.Effect,
    why: Annotated[str, Field(long=True, help="What the two readings say, and what else moved.")],
) -> Outcome:
    """Say, as another senior, what the measure shows after thirty days. No effect counts too."""
    if version.state != State.IN_FORCE:
        raise CannotBeDone(f"It is {version.get_state_display().lower()}.")
    if by.level(version.area) < CONFIRMS_FROM:
        raise CannotBeDone("An effect is confirmed by a senior: L3 or above in its area.")
    if by.pk in (version.in_force_by_id, version.written_by_id):
        raise CannotBeDone("Somebody else confirms what you wrote or put in force.")
    if not version.after:
        first = f"{_since(version) + REREAD_AFTER:%d %B %Y}"
        raise CannotBeDone(
            "Its measure was not read again yet.", hint=f"It is read from {first} on."
        )
    if version.effect:
        raise CannotBeDone(f"It was confirmed already: {version.get_effect_display()}.")
    if not why.strip():
        raise CannotBeDone("Say what the readings say.", field="why")
    version.effect, version.effect_why = effect, why.strip()
    version.effect_by, version.effect_at = by, clock.now()
    version.save(update_fields=["effect", "effect_why", "effect_by", "effect_at"])
    return {"shows": _shown(version, by)}


def _shown(version: StandardVersion, by: Person) -> list[Show]:
    """Of who put it in force, and of who automated the step."""
    if not version.is_process:
        return []
    people = {version.in_force_by_id: version.in_force_by}
    if version.automates:
        people[version.written_by_id] = version.written_by
    return [Show("IR-L4-4", one, on=version, witness=by) for one in people.values() if one]


def _since(version: StandardVersion) -> Any:
    return version.in_force_at or clock.now()
