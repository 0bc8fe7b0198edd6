"""Who stands watch, as apps that keep watches know it."""

from collections.abc import Callable

from watchbill.people.models import Person

WatchOf = Callable[[Person], bool]
_providers: list[WatchOf] = []


def provides_watch(provider: WatchOf) -> WatchOf:
    """Register a function that tells whether somebody stands watch now."""
    _providers.append(provider)
    return provider


def stands_watch(person: Person) -> bool:
    """Whether `person` stands watch, or is called next for what fires."""
    return any(provider(person) for provider in _providers)
