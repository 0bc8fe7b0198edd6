"""Who stands in for whoever is accountable for an area: told by the apps above, registered here.

@provides_deputies
def deputies(area: str) -> list[Person]:
    ...
"""

from collections.abc import Callable, Iterable

from watchbill.people.models import Person

DeputiesOf = Callable[[str], Iterable[Person]]
_providers: list[DeputiesOf] = []


def provides_deputies(provider: DeputiesOf) -> DeputiesOf:
    """Register a function that tells the deputies of an area's accountable seat."""
    _providers.append(provider)
    return provider


def is_deputy(person: Person, area: str) -> bool:
    """Whether `person` is a deputy of the accountable seat of `area`."""
    return any(one.pk == person.pk for provider in _providers for one in provider(area))
