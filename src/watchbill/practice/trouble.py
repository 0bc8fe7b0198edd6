"""Whether something is in trouble already: told by the apps above, registered here.

Preventive work is begun before there is an incident. What an incident is, practice does not know:

    @provides_trouble
    def open_incident(on: Subject) -> str | None:   # why it is too late to prevent, in words
        ...
"""

from collections.abc import Callable

from watchbill.people.subject import Subject

TroubleOf = Callable[[Subject], str | None]
_providers: list[TroubleOf] = []


def provides_trouble(provider: TroubleOf) -> TroubleOf:
    """Register a function that tells the trouble a component, an alert or a report is in."""
    _providers.append(provider)
    return provider


def trouble_of(on: Subject) -> str | None:
    """The first trouble that is known of `on`, in words; None when there is none."""
    told = (provider(on) for provider in _providers)
    return next((words for words in told if words), None)
