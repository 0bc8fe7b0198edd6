"""What people do with tours: write them, walk them, answer, capture; see the answers as a guide."""

from typing import Annotated, Any, Literal

from django.db.models import Max

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.registry import Given
from watchbill.acts.shown import Show
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.lib.problems import Unreadable
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject
from watchbill.tours import facts, generate
from watchbill.tours.generate import Made
from watchbill.tours.models import Answer, Tour, TourVersion, Walk
from watchbill.tours.parse import Written, link_of, parse
from watchbill.tours.steps import Step, kept, numbers

MOST_TRIES = 50  # of one step
Number = Annotated[int, Field(hidden=True, label="Step")]
Hidden = Annotated[str, Field(hidden=True)]


# Writing


def _readable(given: Given) -> Written | None:
    try:
        return parse(str(given.get("text", "")))
    except Unreadable:
        return None


def _area_of_text(house: House, given: Given) -> str:
    written = _readable(given)
    return written.area if written else Area.MONITORING.value


def _tier_of_text(house: House, given: Given) -> Tier:
    written = _readable(given)
    component = Component.objects.filter(slug=written.component).first() if written else None
    return component.tier if component else Tier.ROUTINE


@act(
    "improve",
    area=_area_of_text,
    tier=_tier_of_text,
    says="published version {number} of the tour “{title}”",
    title="Publish a tour",
    moves=False,
)
def publish(
    house: House,
    by: Person,
    *,
    text: Annotated[str, Field(long=True, label="Markdown", help="As docs/tours.md shows")],
) -> Outcome:
    """Write a tour, or its next version under the same title. Walks go on as they began."""
    try:
        written = parse(text)
    except Unreadable as error:
        raise CannotBeDone(str(error), field="text") from None
    component = _component(written)
    tour, _ = Tour.objects.select_for_update().get_or_create(
        title=written.title, defaults={"sort": written.sort, "area": written.area}
    )
    if (tour.component or component) != component:
        raise CannotBeDone(
            f"There is a tour of that title about {tour.component}.", field="text",
            hint="Choose another title.",
        )  # fmt: skip
    number = (tour.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    tour.in_force = TourVersion.objects.create(
        tour=tour, number=number, source=text, content=kept(written.steps), published_by=by
    )
    tour.sort, tour.area, tour.component = written.sort, written.area, component
    tour.save()
    return {
        "ref": tour.ref, "url": tour.get_absolute_url(), "number": number, "title": tour.title,
    }  # fmt: skip


def _component(written: Written) -> Component | None:
    component = Component.objects.filter(slug=written.component).first()
    if written.component and component is None:
        hint = "Leave the line out, or add the component."
        raise CannotBeDone(f"There is no component {written.component!r}.", field="text", hint=hint)
    for step in written.steps:
        link = link_of(step.page)
        if link and (component is None or link not in component.links):
            raise CannotBeDone(
                f"“{step.title}”: there is no link {link!r} on the component's card.",
                field="text", hint="Set it on the card, or use page: with an address.",
            )  # fmt: skip
        if step.fact and component is None:
            raise CannotBeDone(
                f"“{step.title}” asks for a fact, and there is no component.",
                field="text", hint="Add a line component: to the head.",
            )  # fmt: skip
    return component


# Walking


def _which(on: Any) -> list[tuple[str, str]]:
    if isinstance(on, Component):
        return [(made.of, made.title) for made in generate.of_component(on)]
    if isinstance(on, House):
        return [(made.of, made.title) for made in generate.of_house()]
    return [("", str(on))]


def _area_walked(on: Subject, given: Given) -> str:
    if isinstance(on, Tour):
        return on.area
    # Of the generated tours one belongs to maintenance: that of a component's card.
    return Area.MAINTENANCE if given.get("of") == "component" else Area.MONITORING


@act(
    "observe",
    area=_area_walked,
    tier=Tier.ROUTINE,
    says="began to walk “{title}”",
    title="Take a tour",
)
def start_walk(
    on: Subject,  # a written tour, a component, or the house
    by: Person,
    *,
    of: Annotated[str, Field(label="Which", choices=_which)] = "",
) -> Outcome:
    """Begin a tour or a watch round. It can be left and come back to."""
    made, tour, component = _made(on, of)
    begun = Walk.objects.filter(
        person=by, tour=tour, component=component, title=made.title, finished_at=None
    ).first()
    if begun is not None:
        raise CannotBeDone(
            "You began it already.", hint=f"Go on with it: {begun.get_absolute_url()}"
        )
    walk = Walk.objects.create(
        tour=tour, component=component, sort=made.sort, area=made.area, title=made.title,
        content=kept(made.steps), person=by, level=by.level(made.area),
    )  # fmt: skip
    return {"ref": walk.ref, "url": walk.get_absolute_url(), "title": walk.title}


def _made(on: Subject, of: str) -> tuple[Made, Tour | None, Component | None]:
    """What is walked, its steps with their pages found."""
    if isinstance(on, Tour):
        if on.in_force is None:
            raise CannotBeDone("Nothing of it is published yet.")
        links = on.component.links if on.component else {}
        steps = tuple(_placed(step, links) for step in on.in_force.steps)
        return Made("", on.title, on.area, on.sort, steps), on, on.component
    if isinstance(on, Component) and (of or "component") in generate.OF_COMPONENT:
        return generate.OF_COMPONENT[of or "component"](on), None, on
    if isinstance(on, House) and (of or "monitoring") in generate.OF_HOUSE:
        return generate.OF_HOUSE[of or "monitoring"](), None, None
    words = ", ".join(dict(_which(on))) if isinstance(on, (Component, House)) else ""
    raise CannotBeDone(
        "There is no such tour of it.", field="of", hint=f"One of: {words}" if words else ""
    )


def _placed(step: Step, links: dict[str, str]) -> Step:
    link = link_of(step.page)
    if not link:
        return step
    return Step(**{**_fields(step), "page": links.get(link, "")})


def _fields(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__struct_fields__}


def _own_step(walk: Walk, by: Person, number: int) -> Step:
    """The step of an unfinished walk of one's own. Raises CannotBeDone."""
    if walk.person_id != by.pk:
        raise CannotBeDone(f"It is {walk.person}'s walk.", hint="Begin one of your own.")
    if walk.finished_at is not None:
        raise CannotBeDone("You finished it.", hint="Begin it anew to look again.")
    step = _step(walk, number)
    if walk.answers.filter(step=number).count() >= MOST_TRIES:
        raise CannotBeDone(f"There are {MOST_TRIES} tries already.", hint="Go on to the next.")
    return step


def _step(walk: Walk, number: int) -> Step:
    if not 1 <= number <= len(walk.steps):
        raise CannotBeDone("There is no such step.", field="step")
    return walk.steps[number - 1]


@act(
    "observe",
    duties="MO-L1-1 MA-L1-1",
    tier=Tier.ROUTINE,
    says="answered question {step} of “{on}”",
    title="Answer",
)
def answer(
    walk: Walk,
    by: Person,
    *,
    step: Number,
    text: Annotated[str, Field(label="Your answer")],
) -> Outcome:
    """Say what you found. A wrong answer is no failure: look again as often as you like."""
    asked = _own_step(walk, by, step)
    given = text.strip()
    if asked.kind == "capture":
        raise CannotBeDone("This value is captured, not typed.", hint="Capture it.")
    if not 0 < len(given) <= 1000:
        raise CannotBeDone("An answer has 1 to 1000 characters.", field="text")
    if asked.kind == "find" and not numbers(given, asked.unit):
        raise CannotBeDone(
            f"{given!r} is not read as a number.", field="text", hint="Like 12, 3.5 %, 340 ms."
        )
    if asked.kind == "choice" and given not in asked.choices:
        raise CannotBeDone("That is none of the choices.", field="text")
    right: bool | None = None
    if asked.kind == "fact":
        right = facts.is_right(asked.fact, walk.component, given)
    elif asked.kind == "choice":
        right = given in asked.right
    now = clock.now()
    Answer.objects.create(
        walk=walk, step=step, text=given, at=now, right=right,
        read_after=now if asked.kind == "find" else None,
    )  # fmt: skip
    return {"right": right, "url": f"{walk.get_absolute_url()}?step={step}"}


@act(
    "observe",
    duties="MO-L1-2",
    tier=Tier.ROUTINE,
    says="captured value {step} of “{on}”: {remark}",
    title="Capture it",
)
def capture(
    walk: Walk,
    by: Person,
    *,
    step: Number,
    remark: Annotated[str, Field(label="What you make of it")],
) -> Outcome:
    """Have the page take the value as it is now, and say what you make of it."""
    asked = _own_step(walk, by, step)
    said = remark.strip()
    if asked.kind != "capture":
        raise CannotBeDone("There is no value to capture in this step.", hint="Answer it.")
    if not 0 < len(said) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="remark")
    now = clock.now()
    Answer.objects.create(walk=walk, step=step, text=said, at=now, read_after=now)
    return {"url": f"{walk.get_absolute_url()}?step={step}"}


@act("observe", tier=Tier.ROUTINE, says="finished “{on}”", title="Finish")
def finish(walk: Walk, by: Person) -> Outcome:
    """You have been everywhere. A guide looks at what you found."""
    if walk.person_id != by.pk:
        raise CannotBeDone(f"It is {walk.person}'s walk.")
    if walk.finished_at is not None:
        raise CannotBeDone("It is finished already.")
    latest = {one.step: one for one in walk.answers.order_by("pk")}
    missing = [n for n in range(1, len(walk.steps) + 1) if n not in latest]
    if missing:
        many = f"{len(missing)} step{'s have' if len(missing) > 1 else ' has'} no answer yet"
        raise CannotBeDone(f"{many}: {', '.join(map(str, missing))}.")
    if any(one.waits for one in latest.values()):
        raise CannotBeDone("A value is still being read.", hint="Try again in a few seconds.")
    walk.finished_at = clock.now()
    walk.save(update_fields=["finished_at"])
    return {"url": walk.get_absolute_url()}


# As a guide


def _check_guide(walk: Walk, by: Person) -> None:
    if why_not := walk.why_not_seen_by(by):
        raise CannotBeDone(why_not)


def _latest(walk: Walk, number: int) -> Answer:
    _step(walk, number)
    found = walk.answers.filter(step=number).order_by("-pk").first()
    if found is None:
        raise CannotBeDone("There is no answer to it.", field="step")
    return found


@act(
    "review",
    tier=Tier.ROUTINE,
    says="judged answer {step} of “{on}”: {verdict}",
    title="Judge the answer",
)
def judge(
    walk: Walk,
    by: Person,
    *,
    step: Number,
    verdict: Annotated[Literal["right", "look again"], Field(label="It is")],
    told: Annotated[str, Field(label="In a sentence")] = "",
) -> Outcome:
    """Say whether an answer in free words holds, and what there is to add."""
    _check_guide(walk, by)
    if _step(walk, step).kind != "text":
        raise CannotBeDone("This answer was checked against what is.", field="step")
    found = _latest(walk, step)
    if verdict == "look again" and not told.strip():
        raise CannotBeDone("Say where to look.", field="told")
    found.right, found.judged_by = verdict == "right", by
    found.told = told.strip()[:1000]
    found.save(update_fields=["right", "judged_by", "told"])
    return {"url": walk.get_absolute_url()}


@act(
    "review",
    tier=Tier.ROUTINE,
    shows="MO-L1-1 MA-L1-1",
    says="saw the answers of “{on}”: {said}",
    title="I have seen the answers",
)
def see_answers(walk: Walk, by: Person, *, said: Long) -> Outcome:
    """Tell whoever walked what you think of what they found."""
    _check_guide(walk, by)
    if walk.is_round:
        raise CannotBeDone("A round is spot-checked.", hint="Check one of its values.")
    _check_unseen(walk)
    if not 0 < len(said.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="said")
    latest = {one.step: one for one in walk.answers.order_by("pk")}
    open_ = [n for n, s in enumerate(walk.steps, 1) if s.kind == "text" and latest[n].right is None]
    if open_:
        raise CannotBeDone(
            f"Answers in free words are not judged yet: {', '.join(map(str, open_))}.",
            hint="Judge each of them first.",
        )
    _seen(walk, by, said)
    duty = walk.duty
    return {"shows": [Show(duty, walk.person, on=walk.matter, witness=by)] if duty else []}


@act(
    "review",
    tier=Tier.ROUTINE,
    shows="MO-L1-2",
    says="spot-checked value {step} of “{on}”: {verdict}",
    title="Spot-check this value",
)
def spot_check(
    walk: Walk,
    by: Person,
    *,
    step: Number,
    verdict: Annotated[Literal["holds", "differs"], Field(label="Value and remark")],
    told: Annotated[str, Field(label="What you read, in a sentence")],
) -> Outcome:
    """Look at one value of the round yourself and say what you read. Both verdicts count."""
    _check_guide(walk, by)
    if not walk.is_round or _step(walk, step).kind != "capture":
        raise CannotBeDone("Only a captured value of a round is spot-checked.", field="step")
    _check_unseen(walk)
    if not 0 < len(told.strip()) <= 1000:
        raise CannotBeDone("Say it in 1 to 1000 characters.", field="told")
    found = _latest(walk, step)
    if found.value is None:
        raise CannotBeDone(
            f"No value was captured there: {found.problem}.", field="step", hint="Check another."
        )
    found.judged_by, found.told, found.checked_at = by, told.strip(), clock.now()
    found.right = verdict == "holds"
    found.save(update_fields=["judged_by", "told", "checked_at", "right"])
    _seen(walk, by, told)
    duty = walk.duty
    return {"shows": [Show(duty, walk.person, on=walk.matter, witness=by)] if duty else []}


def _check_unseen(walk: Walk) -> None:
    if walk.seen_at is not None:
        raise CannotBeDone(f"{walk.seen_by} has seen it already.")


def _seen(walk: Walk, by: Person, said: str) -> None:
    walk.seen_by, walk.seen_at, walk.said = by, clock.now(), said.strip()[:1000]
    walk.save(update_fields=["seen_by", "seen_at", "said"])
