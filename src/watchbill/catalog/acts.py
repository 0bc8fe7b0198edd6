"""What people do to the catalogue."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from django.utils.text import slugify

from watchbill.acts.given import CannotBeDone, Field, Long
from watchbill.acts.kinds import Outcome, act
from watchbill.catalog import bring_in, file
from watchbill.catalog.models import Component
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import House, Person, Team

TierWord = Literal["routine", "moderate", "critical"]
Given = Mapping[str, Any]


def _teams(on: Any) -> list[tuple[str, str]]:
    return list(Team.objects.order_by("name").values_list("slug", "name"))


def _others(on: Any) -> list[tuple[str, str]]:
    others = Component.objects.exclude(pk=on.pk) if isinstance(on, Component) else Component.objects
    return list(others.order_by("name").values_list("slug", "name"))


def _needed(on: Any) -> list[tuple[str, str]]:
    return list(on.depends_on.values_list("slug", "name"))


OwnerSlug = Annotated[str, Field(label="Owner", help="The team that runs it.", choices=_teams)]


def _named(given: Given) -> Tier:
    word = given.get("tier")
    return Tier.read(word) if word in ("routine", "moderate", "critical") else Tier.ROUTINE


@act(
    "improve",
    area=Area.MAINTENANCE,
    tier=lambda on, given: _named(given),
    says="added {name} to the catalogue",
    title="Add a component",
)
def add_component(
    house: House,
    by: Person,
    *,
    name: str,
    owner: OwnerSlug,
    tier: Annotated[
        TierWord, Field(help="How much harm a mistake on it could do; decides who acts alone.")
    ] = "routine",
    description: Long = "",
    slug: Annotated[str, Field(help="Its name in addresses; from the name when empty.")] = "",
) -> Outcome:
    """Name something that the team runs, so that alerts, changes and runbooks can be about it."""
    slug = slug or slugify(name)[:60]
    if not slug or slug != slugify(slug):
        raise CannotBeDone("This gives no name for addresses.", field="slug", hint="a-z, 0-9 and -")
    if Component.objects.filter(slug=slug).exists():
        raise CannotBeDone(f"There is a component {slug!r} already.", field="name")
    component = Component.objects.create(
        slug=slug, name=_fitting(name), owner=_team(owner), stakes=Tier.read(tier),
        description=description.strip(),
    )  # fmt: skip
    return {"ref": component.ref, "url": component.get_absolute_url()}


@act("document", says="edited the card of {on}", title="Edit the card")
def edit_component(
    component: Component,
    by: Person,
    *,
    name: Annotated[str, Field(help="Empty keeps what is there; so with the others.")] = "",
    owner: OwnerSlug = "",
    description: Long = "",
) -> Outcome:
    """Keep name, owner and description true."""
    if not (name or owner or description):
        raise CannotBeDone("Nothing was changed.", hint="Fill in what should read differently.")
    component.name = _fitting(name) if name else component.name
    component.owner = _team(owner) if owner else component.owner
    component.description = description.strip() or component.description
    component.save(update_fields=["name", "owner", "description"])
    return {}


@act("document", says="set the link {title} of {on}", title="Set a link")
def set_link(
    component: Component,
    by: Person,
    *,
    title: Annotated[str, Field(help="Such as Repository or Dashboard.")],
    url: Annotated[str, Field(label="Address", help="Empty takes the link away.")] = "",
) -> Outcome:
    """Say where its code, documents and dashboards are."""
    if url and not url.startswith(("http://", "https://")):
        raise CannotBeDone("That is no web address.", field="url", hint="http:// or https://")
    links = {key: value for key, value in component.links.items() if key != title.strip()}
    component.links = {**links, title.strip(): url} if url else links
    component.save(update_fields=["links"])
    return {}


@act("document", says="noted that {on} depends on {needs}", title="Add a dependency")
def set_dependency(
    component: Component,
    by: Person,
    *,
    needs: Annotated[str, Field(label="Depends on", choices=_others)],
) -> Outcome:
    """Say what it needs in order to work: a fault there is felt here."""
    other = Component.objects.filter(slug=needs).first()
    if other is None:
        raise CannotBeDone(f"There is no component {needs!r}.", field="needs")
    if other.pk == component.pk:
        raise CannotBeDone("Nothing depends on itself.", field="needs")
    component.depends_on.add(other)
    return {}


@act("document", says="noted that {on} no longer depends on {needs}", title="Remove a dependency")
def drop_dependency(
    component: Component,
    by: Person,
    *,
    needs: Annotated[str, Field(label="No longer depends on", choices=_needed)],
) -> Outcome:
    """Say that it works without it now."""
    other = component.depends_on.filter(slug=needs).first()
    if other is None:
        raise CannotBeDone(f"It does not depend on {needs!r}.", field="needs")
    component.depends_on.remove(other)
    return {}


@act(
    "improve",
    # Lowering a tier takes as much standing as the tier it leaves.
    tier=lambda on, given: max(on.tier, _named(given)),
    says="set the tier of {on} to {tier}: {why}",
    title="Set the tier",
    effect=lambda on, given: [f"{on}: {on.tier.word} → {given.get('tier', '…')}"],
)
def set_tier(component: Component, by: Person, *, tier: TierWord, why: str) -> Outcome:
    """Say how much harm a mistake on it could do; who may act on it alone follows from that."""
    if Tier.read(tier) is component.tier:
        raise CannotBeDone(f"It is {tier} already.", field="tier")
    component.stakes = Tier.read(tier)
    component.save(update_fields=["stakes"])
    return {}


def _file_tier(on: Any, given: Given) -> Tier:
    """The highest tier among what the file changes; a file that cannot be read changes nothing."""
    try:
        steps = bring_in.plan(file.read(given.get("text", "")))
    except file.FileError:
        return Tier.ROUTINE
    return max((step.at_stake for step in steps), default=Tier.ROUTINE)


def _file_effect(on: Any, given: Given) -> list[str]:
    if not given.get("text"):
        return []
    try:
        return [step.says for step in bring_in.plan(file.read(given["text"]))] or ["no change"]
    except file.FileError as error:
        return [str(problem) for problem in error.problems[: file.MOST_PROBLEMS]]


@act(
    "improve",
    area=Area.MAINTENANCE,
    tier=_file_tier,
    says="brought in {file}: {added} components added, {changed} changed",
    title="Bring in a components file",
    effect=_file_effect,
)
def import_file(
    house: House,
    by: Person,
    *,
    text: Annotated[str, Field(label="Components file", help="YAML", long=True)],
    name: Annotated[str, Field(label="File name")] = "components.yml",
) -> Outcome:
    """Add and change components as a YAML file declares them; nothing is removed."""
    try:
        steps = bring_in.plan(file.read(text))
    except file.FileError as error:
        told = "\n".join(f"{name}, {problem}" for problem in error.problems[: file.MOST_PROBLEMS])
        raise CannotBeDone(told, field="text", hint="Nothing was changed.") from None
    if not steps:
        raise CannotBeDone("The catalogue says all of this already.", field="text")
    bring_in.carry_out(steps)
    added = sum(step.new for step in steps)
    return {
        "file": name, "added": added, "changed": len(steps) - added,
        "components": [step.component.slug for step in steps],
    }  # fmt: skip


def _team(slug: str) -> Team:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)[:12])
        raise CannotBeDone(
            f"There is no team {slug!r}.", field="owner", hint=f"Teams: {known or 'none yet'}"
        )
    return team


def _fitting(name: str) -> str:
    if not 0 < len(name.strip()) <= 100:
        raise CannotBeDone("A name has 1 to 100 characters.", field="name")
    return name.strip()
