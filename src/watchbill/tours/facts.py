"""Facts of a component that a tour may ask for. Apps above register theirs in `panels.py`."""

from collections.abc import Callable, Sequence

from watchbill.acts import timeline
from watchbill.catalog.models import Component

FactOf = Callable[[Component | None], Sequence[str]]
NONE = ("none", "no", "nothing", "nobody", "0")
_facts: dict[str, FactOf] = {}


def fact(name: str) -> Callable[[FactOf], FactOf]:
    """Register what gives the right answers to a fact: any of them is right; none means “none”."""

    def register(function: FactOf) -> FactOf:
        _facts[name] = function
        return function

    return register


def names() -> list[str]:
    """The facts that can be asked for."""
    return sorted(_facts)


def answers(name: str, component: Component | None) -> list[str]:
    """What is right now. Raises KeyError for an unknown fact."""
    return [one for one in _facts[name](component) if one]


def is_right(name: str, component: Component | None, text: str) -> bool:
    """Whether `text` says the fact, whatever its case and spaces."""
    given = _plain(text)
    right = {_plain(one) for one in answers(name, component)}
    return given in right if right else given in NONE


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .“”\"'")


@fact("owner")
def owner(component: Component | None) -> list[str]:
    """The team that runs it."""
    return [component.owner.name, component.owner.slug] if component else []


@fact("tier")
def tier(component: Component | None) -> list[str]:
    """How much is at stake."""
    return [component.tier.word] if component else []


@fact("dependency")
def dependency(component: Component | None) -> list[str]:
    """Anything it needs."""
    if component is None:
        return []
    return [word for other in component.depends_on.all() for word in (other.name, other.slug)]


@fact("dependents")
def dependents(component: Component | None) -> list[str]:
    """How many components need it."""
    return [str(component.dependents.count())] if component else []


@fact("last-actor")
def last_actor(component: Component | None) -> list[str]:
    """Who did something here last, walks left aside."""
    if component is None:
        return []
    done = timeline.of(component).filter(state="done").exclude(kind__startswith="tours.")
    last = done.order_by("-id").first()
    return [str(last.by), last.by.username] if last else []
