"""Fills templates in labels and annotations: the part of Prometheus's language people use. Pure.

`{{ $labels.instance }}`, `{{ $value | humanize }}`, `{{ printf "%.2f" $value }}`,
`{{ humanizePercentage $value }}`, `{{ index $labels "name" }}`. Conditions, loops and queries are
refused when the file is read. Semantics of the functions:
https://prometheus.io/docs/prometheus/latest/configuration/template_reference/.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import re2

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)|(?P<pipe>\|)"""
    r"""|(?P<labels>(?:\$labels|\.Labels)(?:\.(?P<label>\w+))?(?!\w))"""
    r"""|(?P<external>(?:\$externalLabels|\.ExternalLabels)(?:\.(?P<outer>\w+))?(?!\w))"""
    r"""|(?P<value>(?:\$value|\.Value)(?!\w))|(?P<name>[a-zA-Z_]\w*)|(?P<open>\()|(?P<close>\)))"""
)
_VERB = re.compile(r"%[-+ 0#]*\d*(?:\.\d+)?[sdvfgeqxFGE%]")
Facts = Mapping[str, Any]  # "labels", "external" and "value"


class WrongTemplate(ValueError):
    """A template that cannot be filled; says what and what to write instead."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def check(template: str) -> None:
    """Raise WrongTemplate if the template can never be filled."""
    for part in _ACTION.findall(template):
        _pipeline(part)
    if template.count("{{") != len(_ACTION.findall(template)):
        raise WrongTemplate("a template is not closed with }}", "Write it as {{ $labels.name }}.")


def fill(
    template: str,
    labels: Mapping[str, str],
    value: float,
    external: Mapping[str, str] | None = None,
) -> str:
    """The text for one alert. What goes wrong now stands in the text, as in Prometheus."""
    facts = {"labels": labels, "external": external or {}, "value": value}

    def one(found: "re.Match[str]") -> str:
        try:
            return _shown(_run(_pipeline(found[1]), facts))
        except (WrongTemplate, ValueError, TypeError, IndexError, OverflowError) as error:
            return f"<error: {error}>"

    return _ACTION.sub(one, template)


@lru_cache(maxsize=5000)
def _pipeline(text: str) -> tuple[tuple[Any, ...], ...]:
    """The commands between pipes, each a tuple of words. Raises WrongTemplate."""
    commands: list[list[Any]] = [[]]
    stack: list[list[list[Any]]] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.end() == at:
            raise WrongTemplate(
                f"{text[at:].strip()!r} is not understood in {{{{ {text} }}}}",
                "Use $labels.name, $value and functions such as humanize.",
            )
        at = token.end()
        if token["pipe"]:
            commands.append([])
        elif token["open"]:
            stack.append(commands)
            commands = [[]]
        elif token["close"]:
            if not stack:
                raise WrongTemplate(f"a ) too many in {{{{ {text} }}}}")
            inner, commands = commands, stack.pop()
            commands[-1].append(("pipeline", tuple(tuple(c) for c in inner)))
        else:
            commands[-1].append(_word(token, text))
    if stack or not all(commands):
        raise WrongTemplate(f"{{{{ {text} }}}} is not complete")
    return tuple(tuple(command) for command in commands)


def _word(token: "re.Match[str]", text: str) -> tuple[str, Any]:
    if token["labels"]:
        return ("labels", token["label"])
    if token["external"]:
        return ("external", token["outer"])
    if token["value"]:
        return ("value", None)
    if token["text"]:
        raw = token["text"]
        return ("text", raw[1:-1] if raw[0] == "`" else json.loads(raw))
    if token["number"]:
        return ("text", float(token["number"]))
    if token["name"] not in FUNCTIONS:
        raise WrongTemplate(
            f"{token['name']!r} in {{{{ {text} }}}} is not supported",
            "Supported: " + ", ".join(sorted(FUNCTIONS)) + ".",
        )
    return ("call", token["name"])


def _run(pipeline: tuple[tuple[Any, ...], ...], facts: Facts) -> Any:
    result: list[Any] = []
    for (kind, head), *rest in pipeline:
        arguments = [_value(word, facts) for word in rest] + result
        if kind == "call":
            result = [FUNCTIONS[head](*arguments)]
        elif arguments:
            raise WrongTemplate("a value takes no arguments")
        else:
            result = [_value((kind, head), facts)]
    return result[0]


def _value(word: tuple[str, Any], facts: Facts) -> Any:
    kind, what = word
    if kind == "pipeline":
        return _run(what, facts)
    if kind == "call":
        return FUNCTIONS[what]()
    if kind == "text":
        return what
    if kind == "value":
        return facts["value"]
    return facts[kind] if what is None else facts[kind].get(what, "")


def _shown(value: Any) -> str:
    return _go_float(value) if isinstance(value, float) else str(value)


def _go_float(value: float) -> str:
    """As Go prints a float: the shortest form, exponent from 1e21 on."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return f"{value!r}"


def _significant(value: float) -> str:
    text = f"{value:.4g}"
    return text.replace("inf", "Inf").replace("nan", "NaN")


def _scaled(value: Any, base: float, big: str, small: str) -> str:
    number = float(value)
    if number == 0 or math.isnan(number) or math.isinf(number):
        return _significant(number)
    prefix = ""
    if abs(number) >= 1:
        for prefix_now in big:
            if abs(number) < base:
                break
            prefix, number = prefix_now, number / base
    else:
        for prefix_now in small:
            if abs(number) >= 1:
                break
            prefix, number = prefix_now, number * base
    return _significant(number) + prefix


def _humanize(value: Any) -> str:
    return _scaled(value, 1000.0, "kMGTPEZY", "mµnpfazy")


def _humanize1024(value: Any) -> str:
    text = _scaled(value, 1024.0, "KMGTPEZY", "")
    return text + "i" if text[-1:].isalpha() and text[-1] in "KMGTPEZY" else text


def _percentage(value: Any) -> str:
    return f"{_significant(float(value) * 100)}%"


def _span(value: Any) -> str:
    number = float(value)
    if math.isnan(number) or math.isinf(number):
        return _significant(number)
    if abs(number) < 1:
        return _scaled(number, 1000.0, "", "mµnpfazy") + "s" if number else "0s"
    if abs(number) < 60:
        return _significant(number) + "s"
    sign, left = ("-" if number < 0 else ""), int(abs(number))
    days, left = divmod(left, 86400)
    hours, left = divmod(left, 3600)
    minutes, secs = divmod(left, 60)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {secs}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {secs}s"
    return f"{sign}{minutes}m {secs}s"


def _timestamp(value: Any) -> str:
    return datetime.fromtimestamp(float(value), UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def _printf(form: str, *values: Any) -> str:
    left = list(values)

    def one(found: "re.Match[str]") -> str:
        verb = found[0]
        if verb == "%%":
            return "%"
        value = left.pop(0)
        if verb[-1] in "vsq":
            text = _shown(value)
            return json.dumps(text) if verb[-1] == "q" else (verb[:-1] + "s") % text
        if verb[-1] in "dx":
            return str(verb % int(value))
        return str(verb % float(value))

    return _VERB.sub(one, form)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "humanize": _humanize,
    "humanize1024": _humanize1024,
    "humanizePercentage": _percentage,
    "humanizeDuration": _span,
    "humanizeTimestamp": _timestamp,
    "printf": _printf,
    "title": lambda text: str(text).title(),
    "toUpper": lambda text: str(text).upper(),
    "toLower": lambda text: str(text).lower(),
    "stripPort": lambda text: re.sub(r":\d+$", "", str(text)),
    "reReplaceAll": lambda pattern, new, text: re2.sub(
        pattern, re.sub(r"\$\{?(\d+)\}?", r"\\\1", str(new)), str(text)
    ),
    "match": lambda pattern, text: re2.search(pattern, str(text)) is not None,
    "index": lambda table, key: table.get(key, ""),
    "safeHtml": str,
    "externalURL": lambda: "",
}
