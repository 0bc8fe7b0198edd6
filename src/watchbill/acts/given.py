"""What an act is given: typed parameters, read from JSON or forms, kept in the ledger.

Parameters typed `Secret` or `Personal` never stand in the ledger, only the number of a row that
can be erased.
"""

import base64
import hashlib
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from cryptography.fernet import Fernet
from django.conf import settings

from watchbill.acts.models import Kept
from watchbill.lib import clock

MOST_TEXT = 1_000_000  # characters of one parameter; deeds ask for less where it matters
MOST_NUMBER = 2**31 - 1  # as PostgreSQL's integer


@dataclass(frozen=True)
class KeptApart:
    """Marks a parameter whose value is kept beside the ledger."""

    sealed: bool


@dataclass(frozen=True)
class Field:
    """How a form shows a parameter. `choices(on)` lists (value, label) pairs for the subject."""

    label: str = ""
    help: str = ""
    long: bool = False
    choices: Callable[[Any], list[tuple[str, str]]] | None = None
    hidden: bool = False


_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: no text in UTF-8 has it

Secret = Annotated[str, KeptApart(sealed=True)]
Personal = Annotated[str, KeptApart(sealed=False)]
Long = Annotated[str, Field(long=True)]


class CannotBeDone(Exception):
    """The act makes no sense as given; nothing was changed. Says what, which field, what to do."""

    def __init__(self, what: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.field, self.hint = what, field, hint


@dataclass(frozen=True)
class Parameter:
    """One parameter of a deed, as declared in its signature."""

    name: str
    type: Any
    default: Any  # msgspec.NODEFAULT when it must be given
    field: Field
    kept: KeptApart | None

    @property
    def label(self) -> str:
        """What a form calls it."""
        return self.field.label or self.name.replace("_", " ").capitalize()

    @property
    def required(self) -> bool:
        """It has no default."""
        return self.default is msgspec.NODEFAULT


def parameters(deed: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The keyword parameters of `deed`, in order."""
    hints = typing.get_type_hints(deed, include_extras=True)
    found = []
    for name, declared in list(inspect.signature(deed).parameters.items())[2:]:
        if declared.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(f"{deed.__qualname__}: {name} must be a keyword parameter")
        extras = getattr(hints[name], "__metadata__", ())
        empty = declared.default is inspect.Parameter.empty
        found.append(
            Parameter(
                name=name,
                type=hints[name],
                default=msgspec.NODEFAULT if empty else declared.default,
                field=next((e for e in extras if isinstance(e, Field)), Field()),
                kept=next((e for e in extras if isinstance(e, KeptApart)), None),
            )
        )
    return tuple(found)


def struct(name: str, wanted: tuple[Parameter, ...]) -> type[msgspec.Struct]:
    """The parameters as one type that msgspec can read and describe."""
    return msgspec.defstruct(
        name,
        [(p.name, p.type) if p.required else (p.name, p.type, p.default) for p in wanted],
        kw_only=True,
        forbid_unknown_fields=True,
    )


def read(shape: type[msgspec.Struct], raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` (JSON or form values) as the deed's keyword arguments. Raises CannotBeDone."""
    try:
        filled = msgspec.convert(dict(raw), shape, strict=False)
    except msgspec.ValidationError as error:
        text = str(error)
        path = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        missing = text.partition("missing required field `")[2].partition("`")[0]
        unknown = text.partition("unknown field `")[2].partition("`")[0]
        what = text.partition(" - at `")[0]
        if missing:
            what = f"{missing} is missing"
        elif unknown:
            what = f"{unknown} is not a parameter"
        raise CannotBeDone(
            what,
            field=missing or path or unknown,
            hint="Parameters: " + ", ".join(shape.__struct_fields__) if unknown else "",
        ) from None
    return {name: _held(name, getattr(filled, name)) for name in shape.__struct_fields__}


def _held(name: str, value: Any) -> Any:
    """`value` if any database can hold it; a moment without a zone is in UTC."""
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(_held(name, one) for one in value)
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            raise CannotBeDone("That moment is out of reach.", field=name) from None
    if isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise CannotBeDone(f"A number is at most {MOST_NUMBER:,}.", field=name)
    if isinstance(value, str):
        if len(value) > MOST_TEXT:
            raise CannotBeDone(f"A text has at most {MOST_TEXT:,} characters.", field=name)
        if "\0" in value or _SURROGATE.search(value):
            raise CannotBeDone("A character in it is none that can be stored.", field=name)
    return value


def keep(wanted: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` as the ledger holds it: plain JSON, kept values replaced by {"kept": number}."""
    held: dict[str, Any] = {}
    for p in wanted:
        value = given.get(p.name, p.default)
        if p.kept is not None and value:
            text = seal(value) if p.kept.sealed else value
            row = Kept.objects.create(sealed=p.kept.sealed, value=text)
            held[p.name] = {"kept": row.pk}
        else:
            held[p.name] = msgspec.to_builtins(value)
    return held


def restore(shape: type[msgspec.Struct], held: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments that `keep` was given. Raises CannotBeDone if one was erased."""
    raw = {}
    for name, value in held.items():
        raw[name] = value
        if isinstance(value, dict) and set(value) == {"kept"}:
            row = Kept.objects.get(pk=value["kept"])
            if row.erased_at is not None:
                raise CannotBeDone(f"{name} was erased since", hint="Ask anew.")
            raw[name] = unseal(row.value) if row.sealed else row.value
    return read(shape, raw)


def erase(held: Mapping[str, Any], *, sealed_only: bool) -> None:
    """Erase the values that `held` refers to; with `sealed_only`, only the secrets."""
    numbers = [v["kept"] for v in held.values() if isinstance(v, dict) and set(v) == {"kept"}]
    rows = Kept.objects.filter(pk__in=numbers, erased_at=None)
    if sealed_only:
        rows = rows.filter(sealed=True)
    rows.update(value="", erased_at=clock.now())


def seal(text: str) -> str:
    """`text` encrypted with the installation's key (Fernet: AES-128-CBC with HMAC-SHA256)."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """What `seal` was given."""
    return _fernet().decrypt(text.encode()).decode()


def _fernet() -> Fernet:
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"seal").digest()
    return Fernet(base64.urlsafe_b64encode(key))
