"""What people do in pairings: begin one on named duties, note what they did, adjust the plan."""

from datetime import date
from typing import Annotated, Any

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import LEVELS, Area, Tier
from watchbill.people.models import Person
from watchbill.practice.models import Pairing, Session
from watchbill.practice.targets import targets

_AREAS = {area.prefix: area for area in Area}
GUIDING = "IR-L3-3 MO-L3-5 MA-L3-4"


def _targets(learner: Any) -> list[tuple[str, str]]:
    """The duties of the learner's level and the next, in each area."""
    near = {
        f"{area.prefix}-L{level}-"
        for area in Area
        for level in (learner.level(area), min(learner.level(area) + 1, LEVELS[-1]))
    }
    return [(key, f"{key} {words}") for key, words in targets().items() if key[:6] in near]


def _components(on: Any) -> list[tuple[str, str]]:
    return [(one.slug, str(one)) for one in Component.objects.order_by("name", "pk")[:500]]


def _area(on: Any, given: Given) -> str:
    duties = given.get("duties") or [""]
    first = duties if isinstance(duties, str) else str(duties[0])
    return str(_AREAS.get(first[:2], Area.MONITORING))


def _tier(on: Any, given: Given) -> Tier:
    slug = given.get("component")
    found = Component.objects.filter(slug=slug).first() if slug else None
    return found.tier if found else Tier.ROUTINE


@act(
    "guide",
    area=_area,
    tier=_tier,
    duties=GUIDING,
    says="pairs with {on} on {which}",
    title="Pair with them",
    moves=False,
)
def start_pairing(
    learner: Person,
    by: Person,
    *,
    duties: Annotated[list[str], Field(choices=_targets, help="Of one area.")],
    plan: Annotated[str, Field(long=True, help="What you do together, and when.")],
    until: date,
    component: Annotated[str, Field(choices=_components, label="On which component")] = "",
) -> Outcome:
    """Be somebody's mentor for a while, on duties that you both name."""
    area = _AREAS.get(duties[0][:2]) if duties else None
    known = targets()
    if area is None or any(key[:2] != area.prefix or key not in known for key in duties):
        raise CannotBeDone(
            "Name duties of one area.", field="duties", hint="By their key, such as MO-L1-2."
        )
    if learner.automation or not learner.is_active:
        raise CannotBeDone("One pairs with people who are here.", field="on")
    if learner.level(area) >= by.level(area):
        raise CannotBeDone("A mentor stands above the one who learns.", field="on")
    if not plan.strip():
        raise CannotBeDone("Say what you will do together.", field="plan")
    if until <= clock.now().date():
        raise CannotBeDone("The date is not in the future.", field="until")
    place = Component.objects.filter(slug=component).first() if component else None
    if component and place is None:
        raise CannotBeDone("There is no such component.", field="component")
    going_on = Pairing.objects.filter(mentor=by, learner=learner, area=area, closed_at=None)
    if going_on.exists():
        raise CannotBeDone("You pair with them already.", hint="Look back on that pairing first.")
    made = Pairing.objects.create(
        mentor=by, learner=learner, area=area, component=place, duties=sorted(set(duties)),
        plan=plan.strip(), until=until,
    )  # fmt: skip
    refs = [made.ref, by.ref, *([place.ref] if place else [])]
    return {
        "ref": made.ref, "refs": refs, "url": made.get_absolute_url(),
        "which": ", ".join(made.duties),
    }  # fmt: skip


@act("note", area=lambda on, given: on.area, says="noted: {text}", title="Note a session")
def note_session(pairing: Pairing, by: Person, *, text: Long) -> Outcome:
    """Write down what you did together and what it gave. Both may."""
    _must_be_open(pairing)
    if by.pk not in (pairing.mentor_id, pairing.learner_id):
        raise CannotBeDone("The two who pair note what they did.")
    if not text.strip():
        raise CannotBeDone("It is empty.", field="text", hint="One sentence is enough.")
    made = Session.objects.create(pairing=pairing, by=by, text=text.strip())
    return {"session": made.pk}


@act(
    "own",
    area=lambda on, given: on.area,
    own=lambda pairing, person: pairing.mentor_id == person.pk,
    duties=GUIDING,
    says="adjusted the plan: {why}",
    title="Adjust the plan",
    moves=True,
)
def adjust_plan(
    pairing: Pairing,
    by: Person,
    *,
    plan: Long,
    why: Annotated[str, Field(help="What you learned about how this person learns.")],
    until: date | None = None,
) -> Outcome:
    """Change what you do together, because of what you saw."""
    _must_be_open(pairing)
    if not plan.strip() or plan.strip() == pairing.plan:
        raise CannotBeDone("That is the plan as it was.", field="plan")
    if not 0 < len(why.strip()) <= 500:
        raise CannotBeDone("Say why in 1 to 500 characters.", field="why")
    if until is not None and until <= clock.now().date():
        raise CannotBeDone("The date is not in the future.", field="until")
    pairing.plan, pairing.adjusted_why = plan.strip(), why.strip()
    pairing.adjusted_at, pairing.until = clock.now(), until or pairing.until
    pairing.save(update_fields=["plan", "adjusted_why", "adjusted_at", "until"])
    return {}


def _must_be_open(pairing: Pairing) -> None:
    if pairing.closed_at is not None:
        raise CannotBeDone("The pairing is closed.", hint="Begin another one.")
