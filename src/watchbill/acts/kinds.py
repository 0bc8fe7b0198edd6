"""How an act is written: `@act(...)` above a deed. See docs/contributing/acts.md."""

import inspect
import typing
from collections.abc import Callable
from typing import Any, Concatenate

from watchbill.acts import given as parameters
from watchbill.acts import perform as mechanism
from watchbill.acts.authority import FREE, VERBS
from watchbill.acts.models import Entry
from watchbill.acts.registry import (
    KINDS,
    AreaOf,
    Given,
    Kind,
    Outcome,
    P,
    S,
    TierOf,
    area_of_subject,
)
from watchbill.people.models import Person


class Act(Kind[S, P]):
    """A kind of act as code performs it, with the types of its parameters checked."""

    def perform(self, by: Person, on: S, *args: P.args, **given: P.kwargs) -> Entry:
        """Perform it for `by` on `on`: done, asked or refused, as the ledger row returned says."""
        via = "work" if by.automation else "page"
        defaults = {p.name: p.default for p in self.wanted if not p.required}
        return mechanism.perform(self, by, on, {**defaults, **given}, mechanism.Call(via=via))


def act(
    verb: str,
    *,
    area: AreaOf | None = None,
    duties: str = "",
    shows: str = "",
    says: str,
    title: str = "",
    tier: TierOf | None = None,
    moves: bool | None = None,
    own: Callable[[Any, Person], bool] | None = None,
    strict: bool = False,
    effect: Callable[[Any, Given], list[str]] | None = None,
) -> Callable[[Callable[Concatenate[S, Person, P], Outcome]], Act[S, P]]:
    """Register a deed as an act.

    A deed is `def name(on: Subject, by: Person, *, parameters) -> Outcome`: it writes rows only, so
    it can be tried in a transaction that is rolled back. `duties` names the duties of the ladder
    that are practised by it, `shows` those whose evidence it may complete: its outcome then has a
    list of `Show` under "shows" (see `acts/shown.py`). `area` defaults to the subject's own `area`.
    `effect` lists in words exactly what would happen, for the preview. The first line of the deed's
    docstring is shown to people.
    """
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is no verb of the authority table")

    def register(deed: Callable[Concatenate[S, Person, P], Outcome]) -> Act[S, P]:
        name = f"{deed.__module__.split('.')[1]}.{deed.__name__}"
        if name in KINDS:
            raise ValueError(f"two acts are called {name}")
        subject = next(iter(typing.get_type_hints(deed).values()))
        wanted = parameters.parameters(deed)
        kind: Act[S, P] = Act(
            name=name,
            verb=verb,
            title=title or deed.__name__.replace("_", " ").capitalize(),
            doc=inspect.cleandoc(deed.__doc__ or "").partition("\n")[0],
            says=says,
            duties=tuple(duties.split()),
            shows=tuple(shows.split()),
            subject=subject,
            wanted=wanted,
            shape=parameters.struct(deed.__name__, wanted),
            moves=verb not in FREE if moves is None else moves,
            area_of=area if area is not None else area_of_subject,
            tier_of=tier,
            own=own,
            strict=strict,
            effect=effect,
            deed=deed,
        )
        KINDS[name] = kind
        return kind

    return register


__all__ = ["Act", "Outcome", "act"]
