"""The one way a person changes anything: authority is asked, the deed is done, the row is kept."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import DataError, OperationalError, connection, transaction
from django.db.models import F

from watchbill.acts import given as parameters
from watchbill.acts.authority import Decision, Dial, Effect, Mode, why_not_guide
from watchbill.acts.facts import facts_of
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry
from watchbill.acts.record import append
from watchbill.acts.registry import KINDS, Kind, Outcome
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import House, Person
from watchbill.people.subject import Subject, find

S = TypeVar("S", bound=Subject)
P = ParamSpec("P")
State = Entry.State

GO_AHEAD_HOLDS_FOR = timedelta(minutes=15)
SILENCE_BEFORE_GOING_ON = timedelta(minutes=10)
TRIES, DEADLOCK = 3, "40P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class NoGoAhead(Exception):
    """An answer to an asked act that is not valid; the message says why."""


@dataclass(frozen=True)
class Call:
    """How an act came in: by which door, on which version, in answer to which silence."""

    via: str = "page"
    version: int | None = None
    again: int | None = None  # the asked entry that stayed unanswered (dial ASK)
    armed_by: Person | None = None  # who armed the automation that acts
    stamp: str = ""  # what the timeline says of how it came about, such as "example data"


def submit(
    name: str, by: Person, on: Subject, raw: Mapping[str, Any], call: Call | None = None
) -> Entry:
    """Perform the act called `name` with what a form, a request or a command line gave.

    Returns the ledger row: done, asked or refused. Raises CannotBeDone when the act is unknown,
    is not about such a subject, its parameters cannot be read, or the deed makes no sense now.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise CannotBeDone(f"There is no act {name!r}.", hint="The list: `watchbill acts`.")
    if not isinstance(on, kind.subject):
        wanted = kind.subject._meta.label_lower
        raise CannotBeDone(f"{name} is done on a {wanted}, not on {on.ref}.", field="on")
    return perform(kind, by, on, parameters.read(kind.shape, raw), call or Call())


def _again_if_deadlocked(do: Callable[P, Entry]) -> Callable[P, Entry]:
    """Try anew what PostgreSQL ended so that another could go on; nothing of it was kept."""

    @wraps(do)
    def tried(*args: P.args, **kwargs: P.kwargs) -> Entry:
        for _ in range(TRIES - 1):
            try:
                return do(*args, **kwargs)
            except OperationalError as error:
                sqlstate = getattr(error.__cause__, "sqlstate", None)
                if connection.in_atomic_block or sqlstate != DEADLOCK:
                    raise
        return do(*args, **kwargs)

    return tried


@_again_if_deadlocked
def perform(
    kind: Kind[Any, ...], by: Person, on: Subject, given: dict[str, Any], call: Call
) -> Entry:
    """Ask authority about `kind`, do the deed or have it asked for, and keep the row."""
    with _one_transaction():
        on = _locked(on)
        if call.version is not None and call.version != on.version:
            raise CannotBeDone("It changed while you were looking.", hint="Look again, then act.")
        authority = call.armed_by or by
        authority.forget()
        decision = kind.may(authority, on, given)
        effect, stamp = decision.effect, decision.stamp
        armed = call.armed_by
        if armed is not None and (effect is not Effect.DO or not armed.is_active):
            effect = Effect.REFUSE  # an automation acts alone or not at all
        if call.again is not None:
            effect, stamp = _after_silence(kind, by, on, given, decision, call.again)
        if effect is Effect.DO:
            outcome, state = _do(kind, on, by, given), State.DONE
        elif effect is Effect.REFUSE:
            outcome, state = {}, State.REFUSED
        else:
            _try_out(kind, on, by, given)
            previewed = kind.effect(on, given) if kind.effect else []
            outcome, state = {"effect": previewed}, State.ASKED
        return append(
            kind,
            on,
            by,
            given,
            outcome,
            decision=decision,
            state=state,
            stamp=stamp or call.stamp,
            via=call.via,
            armed_by=call.armed_by,
            replaces=call.again,
        )


@_again_if_deadlocked
def answer(
    asked_id: int,
    by: Person,
    *,
    go_ahead: bool,
    why: str = "",
    via: str = "page",
    stamp: str = "",
) -> Entry:
    """A guide or second person answers an asked act. On go-ahead the deed is done now.

    Raises NoGoAhead with the reason: answered already, expired, the subject changed since, or this
    person cannot give it. Raises CannotBeDone when the deed itself makes no sense any more.
    """
    if not go_ahead and not why.strip():
        raise NoGoAhead("A hold needs a reason: say in a sentence what to do first.")
    with _one_transaction():
        asked, kind, on, given = _open(asked_id)
        _check_guide(asked, kind, on, given, by)
        if not go_ahead:
            return append(
                kind,
                on,
                asked.by,
                given,
                {},
                asked=asked,
                state=State.HELD,
                guide=by,
                reason=why,
                via=via,
                stamp=stamp,
            )
        outcome = _do(kind, on, asked.by, given)
        return append(
            kind,
            on,
            asked.by,
            given,
            outcome,
            asked=asked,
            state=State.DONE,
            guide=by,
            reason=why,
            via=via,
            stamp=stamp,
        )


@_again_if_deadlocked
def take_over(asked_id: int, by: Person, *, via: str = "page") -> Entry:
    """A guide does the asked act in their own name. The ask ends as withdrawn."""
    with _one_transaction():
        asked, kind, on, given = _open(asked_id)
        _check_guide(asked, kind, on, given, by)
        if kind.may(by, on, given).effect is not Effect.DO:
            raise NoGoAhead("This needs a second person; let the asker do it with you.")
        append(
            kind,
            on,
            asked.by,
            given,
            {},
            asked=asked,
            state=State.WITHDRAWN,
            guide=by,
            reason="taken over",
            via=via,
        )
        return perform(kind, by, on, given, Call(via=via))


@_again_if_deadlocked
def withdraw(asked_id: int, by: Person, *, via: str = "page", stamp: str = "") -> Entry:
    """Whoever asked takes it back."""
    with _one_transaction():
        asked, kind, on, given = _open(asked_id, even_if_stale=True)
        if asked.by_id != by.pk:
            raise NoGoAhead("Only the person who asked takes it back.")
        return append(
            kind,
            on,
            by,
            given,
            {},
            asked=asked,
            state=State.WITHDRAWN,
            reason="taken back",
            via=via,
            stamp=stamp,
        )


@_again_if_deadlocked
def go_on(asked_id: int, by: Person, *, via: str = "page") -> Entry:
    """Whoever asked does it after ten minutes of silence, where the dial is at ASK.

    Raises NoGoAhead with the reason while it is too early, or where only a go-ahead helps.
    """
    with _one_transaction():
        asked, kind, on, given = _open(asked_id)
        return perform(kind, by, on, given, Call(via=via, again=asked.pk))


def may_go_on(asked: Entry, by: Person) -> bool:
    """Whether `by` asked, was met with silence, and the dial lets them go on."""
    silent = clock.now() - asked.at >= SILENCE_BEFORE_GOING_ON
    waits = asked.mode == Mode.GUIDED.value and asked.at_tier < Tier.CRITICAL
    dial = facts_of(by).dials.get(asked.area, Dial.ASK)
    return asked.by_id == by.pk and silent and waits and dial is Dial.ASK


def why_not(asked: Entry, by: Person) -> str | None:
    """Why `by` cannot let `asked` go ahead, or None. Asks authority only, not time or version.

    A page asks this several times of each request, so it is kept on `by` until `by.forget()`.
    """
    known: dict[int, str | None] = by.__dict__.setdefault("go_aheads", {})
    if asked.pk not in known:
        kind, on = KINDS[asked.kind], find(asked.subject)
        try:
            given = parameters.restore(kind.shape, asked.given)
            known[asked.pk] = _why_no_guide(asked, kind, on, given, by)
        except CannotBeDone as error:
            known[asked.pk] = error.what
    return known[asked.pk]


def expires(asked: Entry) -> bool:
    """The ask is older than a go-ahead may be."""
    return clock.now() - asked.at > GO_AHEAD_HOLDS_FOR


def _check_guide(
    asked: Entry, kind: Kind[Any, ...], on: Subject, given: dict[str, Any], by: Person
) -> None:
    by.forget()
    asked.by.forget()
    if reason := _why_no_guide(asked, kind, on, given, by):
        raise NoGoAhead(reason)


def _why_no_guide(
    asked: Entry, kind: Kind[Any, ...], on: Subject, given: dict[str, Any], by: Person
) -> str | None:
    if not asked.by.is_active:
        return f"{asked.by}'s account is closed."
    facts_of(asked.by, like=facts_of(by))
    actor, other = kind.may(asked.by, on, given), kind.may(by, on, given)
    if actor.mode is Mode.NOT_YET:
        return f"{asked.by} may not do this any more."
    return why_not_guide(actor, other, same_person=asked.by_id == by.pk)


def _open(
    asked_id: int, *, even_if_stale: bool = False
) -> tuple[Entry, Kind[Any, ...], Subject, dict[str, Any]]:
    asked = Entry.objects.select_related("by").filter(pk=asked_id, state=State.ASKED).first()
    if asked is None:
        raise NoGoAhead("There is no such request.")
    on = _locked(find(asked.subject))  # two answers at once: the second waits here, then sees
    if answered := Entry.objects.filter(answers=asked).first():
        raise NoGoAhead(f"It was answered already: {answered.get_state_display().lower()}.")
    kind = KINDS[asked.kind]
    if not even_if_stale:
        if expires(asked):
            raise NoGoAhead("The request is older than 15 minutes and has expired. Ask anew.")
        if kind.moves and on.version != asked.subject_version:
            raise NoGoAhead("It changed since it was asked. Look again, then ask anew.")
    return asked, kind, on, parameters.restore(kind.shape, asked.given)


def _after_silence(
    kind: Kind[Any, ...],
    by: Person,
    on: Subject,
    given: dict[str, Any],
    decision: Decision,
    again: int,
) -> tuple[Effect, str]:
    """At dial ASK: nobody answered for ten minutes, and the actor presses again."""
    asked, _, _, before = _open(again)
    if asked.by_id != by.pk or asked.kind != kind.name or asked.subject != on.ref:
        raise NoGoAhead("That request was about something else.")
    if before != given:
        raise NoGoAhead("The parameters changed: ask anew.")
    dial = Dial(House.get().dial(decision.area))
    critical = decision.tier is Tier.CRITICAL
    if decision.effect is not Effect.WAIT or critical or dial is not Dial.ASK:
        raise NoGoAhead("This goes on only with a go-ahead.")
    if clock.now() - asked.at < SILENCE_BEFORE_GOING_ON:
        raise NoGoAhead("Wait ten minutes for an answer first.")
    return Effect.DO, "went on after silence"


def _do(kind: Kind[Any, ...], on: Subject, by: Person, given: dict[str, Any]) -> Outcome:
    outcome = kind.deed(on, by, **given)
    if kind.moves:
        type(on)._default_manager.filter(pk=on.pk).update(version=F("version") + 1)
    return outcome


@contextmanager
def _one_transaction() -> Iterator[None]:
    """All or nothing. What the database cannot hold is refused like what makes no sense."""
    try:
        with transaction.atomic():
            yield
    except DataError as error:
        raise CannotBeDone(
            f"That cannot be stored: {str(error).partition(chr(10))[0]}.", hint="Is it too long?"
        ) from None


class _TriedOut(Exception):
    """Ends a trial; nothing of it stays."""


def _try_out(kind: Kind[Any, ...], on: Subject, by: Person, given: dict[str, Any]) -> None:
    """Do the deed and roll it back, so that nobody is asked for what cannot be done anyway."""
    try:
        with transaction.atomic():
            kind.deed(_locked(on), by, **given)
            raise _TriedOut
    except _TriedOut:
        return


def _locked(on: S) -> S:
    """`on` read anew under a row lock (SQLite's write transactions are exclusive as they are)."""
    fresh: S = type(on)._default_manager.select_for_update().get(pk=on.pk)
    return fresh
