"""A step with its values filled in: exactly what will be done, and that in words."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from watchbill.runbooks.parse import places
from watchbill.runbooks.procedure import Check, Command, Doing, Http, Value

Values = Mapping[str, str]


class CannotFill(ValueError):
    """A value is missing or must not stand there; the message says which."""


def fill(do: Doing, values: Values) -> Doing:
    """`do` with every `{name}` replaced. Raises CannotFill.

    A value never changes what kind of thing is done: in a command it stays one argument and no
    option, in an address it is quoted, in JSON and PromQL it stays a string.
    """
    if isinstance(do, Command):
        return Command(tuple(_argument(word, values) for word in do.argv))
    if isinstance(do, Http):
        url, body = _url(do.url, values), _inside(do.body, values)
        return msgspec.structs.replace(do, url=url, body=body)
    if isinstance(do, Check):
        expression = do.expression
        for name in places(expression):
            if name in values:
                quoted = json.dumps(values[name], ensure_ascii=False)
                expression = expression.replace(f'"{{{name}}}"', quoted)
        return msgspec.structs.replace(do, expression=expression)
    return do


def acceptable(answer: str) -> str | None:
    """What is wrong with `answer` as a value, or None."""
    if not answer:
        return "The answer is missing."
    if len(answer) > 200:
        return "The answer is longer than 200 characters."
    if not answer.isprintable():
        return "The answer contains line breaks or control characters."
    return None


def words(do: Doing, argv: tuple[str, ...] = ()) -> str:
    """What is done, in one line: `argv` is a command as the allow-list completes it."""
    if isinstance(do, Command):
        return shlex.join(argv or do.argv)
    if isinstance(do, Http):
        body = "" if do.body is None else " " + _shown(do.body)
        return f"{do.method} {do.url}{body}"
    if isinstance(do, Check):
        return do.expression
    return do.question if isinstance(do, Value) else do.text


def _argument(word: str, values: Values) -> str:
    names = places(word)
    if not names:
        return word
    value = _value(names[0], values)
    if value.startswith("-"):
        raise CannotFill(f"{names[0]} begins with a hyphen: it would be taken for an option")
    return value


def _url(url: str, values: Values) -> str:
    for name in places(url):
        value = _value(name, values)
        if value in (".", ".."):
            raise CannotFill(f"{name} would lead to another address")
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    return url


def _inside(body: Any, values: Values) -> Any:
    if isinstance(body, Mapping):
        return {key: _inside(value, values) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [_inside(value, values) for value in body]
    if isinstance(body, str):
        for name in places(body):
            body = body.replace(f"{{{name}}}", _value(name, values))
    return body


def _value(name: str, values: Values) -> str:
    if name not in values:
        raise CannotFill(f"{name} has not been answered yet")
    return values[name]


def _shown(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
