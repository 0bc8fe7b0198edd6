"""The form of an act, made from the types of its parameters. Reading is done by `given.read`."""

import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from watchbill.acts.given import Parameter
from watchbill.acts.registry import Kind
from watchbill.people.models import Person
from watchbill.people.subject import Subject


def form_of(
    kind: Kind[Any, ...],
    on: Subject,
    data: Mapping[str, Any] | None = None,
    preset: Mapping[str, Any] | None = None,
) -> forms.Form:
    """The form for `kind` on `on`, filled with `data` (posted) or `preset` (from the link)."""
    form = forms.Form(data, initial=dict(preset or {}), prefix=None, auto_id="act_%s")
    for parameter in kind.wanted:
        form.fields[parameter.name] = _field(parameter, on)
    return form


def raw(kind: Kind[Any, ...], form: forms.Form, by: Person) -> dict[str, Any]:
    """What the form was given, as JSON-like values; what was left empty is left out."""
    values: dict[str, Any] = {}
    for parameter in kind.wanted:
        value = form.fields[parameter.name].widget.value_from_datadict(
            form.data, form.files, parameter.name
        )
        bare, many = _bare(parameter.type)
        if bare is bool:
            values[parameter.name] = bool(value)
        elif many:
            lines = value if isinstance(value, list) else (value or "").splitlines()
            values[parameter.name] = [line.strip() for line in lines if line.strip()]
        elif value not in (None, ""):
            values[parameter.name] = _zoned(value, by) if bare is datetime else value
    return values


def _zoned(text: str, by: Person) -> str:
    """A local date and time as the person typed it, with their zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text  # `given.read` says what is wrong with it
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(by.zone))).isoformat()


def _field(parameter: Parameter, on: Subject) -> forms.Field:
    bare, many = _bare(parameter.type)
    plain = parameter.field
    common: dict[str, Any] = {
        "label": parameter.label,
        "help_text": plain.help,
        "required": parameter.required and bare is not bool,
    }
    if not parameter.required and parameter.default not in (None, "", ()):
        common["initial"] = parameter.default
    if plain.hidden:
        return forms.CharField(**common, widget=forms.HiddenInput())
    options = plain.choices(on) if plain.choices else _options(bare)
    if options and many:
        return forms.MultipleChoiceField(
            **common, choices=options, widget=forms.CheckboxSelectMultiple()
        )
    if options:
        blank = [] if parameter.required and len(options) == 1 else [("", "Choose …")]
        return forms.ChoiceField(**common, choices=[*blank, *options])
    if many:
        common["help_text"] = plain.help or "One on each line."
        return forms.CharField(**common, widget=forms.Textarea(attrs={"rows": 3}))
    return _single(parameter, bare, common)


def _single(parameter: Parameter, bare: Any, common: dict[str, Any]) -> forms.Field:
    if bare is bool:
        return forms.BooleanField(**common)
    if bare is int:
        return forms.IntegerField(**common)
    if bare is float:
        return forms.FloatField(**common)
    if bare is datetime:
        initial = common.get("initial")
        if isinstance(initial, datetime):
            common["initial"] = timezone.localtime(initial).replace(tzinfo=None)
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        return forms.DateTimeField(**common, widget=widget)
    if bare is date:
        return forms.DateField(**common, widget=forms.DateInput(attrs={"type": "date"}))
    if parameter.kept is not None and parameter.kept.sealed:
        return forms.CharField(**common, widget=forms.PasswordInput())
    if parameter.field.long:
        return forms.CharField(**common, widget=forms.Textarea(attrs={"rows": 4}))
    return forms.CharField(**common)


def _bare(hint: Any) -> tuple[Any, bool]:
    """The type without Annotated and Optional, and whether it is a list."""
    while True:
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            hint = typing.get_args(hint)[0]
        elif origin in (types.UnionType, typing.Union):
            hint = next(arg for arg in typing.get_args(hint) if arg is not type(None))
        elif origin in (list, tuple, set, frozenset):
            return _bare(typing.get_args(hint)[0])[0], True
        else:
            return hint, False


def _options(bare: Any) -> list[tuple[str, str]]:
    if typing.get_origin(bare) is typing.Literal:
        return [(str(word), str(word).replace("-", " ")) for word in typing.get_args(bare)]
    if isinstance(bare, type) and issubclass(bare, Enum):
        return [(str(word.value), getattr(word, "label", str(word.value))) for word in bare]
    return []
