"""The parts that templates are built from; `docs/contributing/pages.md` shows each in use.

They are built in: no `{% load %}` is needed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from watchbill.web import bundle, prose, words
from watchbill.web.glossary import GLOSSARY
from watchbill.web.sections import SECTIONS

register = template.Library()

NOTHING = mark_safe("")
QUERY_URL = "/telemetry/api/v1/query_range"


@register.simple_tag
def asset(name: str) -> str:
    """The URL of a file of the front-end bundle; empty when the bundle has not been built."""
    return bundle.asset_url(name) or ""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A line icon of `frontend/src/icons.json`; say `label` only where no word stands beside it."""
    sprite = bundle.asset_url("icons.svg")
    if sprite is None:
        return format_html("{}", label) if label else NOTHING
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name
    )


@register.simple_tag
def when(moment: datetime | None, form: str = "both") -> SafeString:
    """A moment in the reader's zone, UTC on hover. None gives a dash.

    Forms: `both` "02:41 · 24 min ago", `ago` "24 min ago", `time` "02:41", `clock` "02:41:10" and
    `date` "Tue 3 Mar". The page keeps the "ago" fresh.
    """
    if moment is None:
        return format_html('<span class="when">{}</span>', words.NONE)
    ago = format_html("<span data-ago>{}</span>", words.ago_words(moment))
    shown: str
    match form:
        case "both":
            shown = format_html("{} · {}", words.time_words(moment), ago)
        case "ago":
            shown = ago
        case "time":
            shown = words.time_words(moment)
        case "clock":
            shown = words.clock_words(moment)
        case "date":
            shown = words.date_words(moment)
        case _:
            raise template.TemplateSyntaxError(f"when: no form {form!r}")
    return format_html(
        '<time class="when" datetime="{}" data-tip="{}">{}</time>',
        moment.isoformat(),
        words.utc_words(moment),
        shown,
    )


@register.simple_tag
def duration(length: timedelta | float | None) -> str:
    """A length in words: "2 h 5 min". Numbers are seconds; None gives a dash."""
    if length is None:
        return words.NONE
    if not isinstance(length, timedelta):
        length = timedelta(seconds=length)
    return words.duration_words(length)


@register.simple_tag
def tag(kind: str, text: str) -> SafeString:
    """A small label: kind is bad, warn, good, guide, deep, unknown or "" and adds its shape."""
    mark = mark_safe('<span class="dot"></span>') if kind else NOTHING
    return format_html('<span class="tag {}">{}{}</span>', kind, mark, text)


@register.simple_tag
def term(key: str, text: str = "") -> SafeString:
    """A word of the field, explained on hover and in the glossary. Raises KeyError if unknown."""
    meaning = GLOSSARY[key.lower()]
    return format_html(
        '<a class="term" href="{}#{}" data-tip="{}">{}</a>',
        reverse("web:glossary"),
        slugify(key),
        meaning,
        text or key,
    )


@register.simple_tag
def markdown(text: str) -> SafeString:
    """Somebody's text as HTML: no raw HTML passes, links are safe, headings start at h3."""
    return format_html('<div class="prose">{}</div>', prose.to_html(text))


@register.simple_tag
def person(who: object, size: str = "") -> SafeString:
    """Face and name. `who` has a `name` (a person, an automation) or is the name itself.

    With `size` "face" only the face is shown and the name is read out.
    """
    if who is None:
        return mark_safe('<span class="person soft">nobody</span>')
    name = str(getattr(who, "name", None) or who)
    if size == "face":
        return format_html(
            '<span class="face" role="img" aria-label="{}" data-tip="{}">{}</span>',
            name,
            name,
            initials(name),
        )
    return format_html(
        '<span class="person"><span class="face" aria-hidden="true">{}</span>{}</span>',
        initials(name),
        name,
    )


def initials(name: str) -> str:
    """At most two letters that stand for a name."""
    letters = [part[0] for part in name.replace("-", " ").split() if part[0].isalnum()]
    return "".join(letters[:1] + letters[1:][-1:]).upper() or "?"


@register.inclusion_tag("web/parts/chart.html")
def chart(
    query: str = "",
    *,
    title: str = "",
    note: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    window: timedelta | None = None,
    step: float | None = None,
    unit: str = "",
    legend: str = "",
    bands: Sequence[Mapping[str, Any]] = (),
    marks: Sequence[Mapping[str, Any]] = (),
    result: Sequence[Mapping[str, Any]] | None = None,
    refresh: float = 15,
    sync: str = "page",
    size: str = "",
    url: str = QUERY_URL,
) -> dict[str, Any]:
    """A chart of a PromQL `query`, or of `result` when the numbers are frozen (evidence, reviews).

    `result` and answers of `url` are Prometheus matrices: [{metric: {}, values: [[unix, "1.5"]]}].
    Without `start` and `end` the last `window` (an hour) is shown and refreshed every `refresh` s.
    `bands`: [{lower, upper, label}], each a PromQL query or a list of [unix, value] pairs.
    `marks`: [{at: datetime, label, kind: bad|warn|good|guide, url}]. `unit`: "", percent (0 to 1),
    seconds, bytes, or a word put after the number. `legend`: a pattern such as "{{instance}}".
    `size`: "", low or tall. Charts with the same `sync` share the crosshair.
    """
    settings = {
        "query": query, "url": url, "legend": legend, "unit": unit, "sync": sync,
        "start": start and start.timestamp(),
        "end": end and end.timestamp(),
        "window": (window or timedelta(hours=1)).total_seconds(),
        "step": step, "refresh": refresh, "title": title,
        "bands": list(bands),
        "marks": [{**mark, "at": mark["at"].timestamp()} for mark in marks],
        "result": result,
    }  # fmt: skip
    return {
        "title": title, "note": note, "query": query, "size": size, "marks": marks,
        "settings": json.dumps({k: v for k, v in settings.items() if v not in (None, "", [])}),
        "latest": [_latest(series) for series in result or ()],
        "values_url": f"{url}?{urlencode({'query': query})}" if query else "",
    }  # fmt: skip


def _latest(series: Mapping[str, Any]) -> tuple[str, str]:
    """Name and last value of one series, for readers without JavaScript."""
    name = ", ".join(f"{key}={value}" for key, value in series["metric"].items())
    values = series["values"]
    return name or "value", values[-1][1] if values else words.NONE


@register.inclusion_tag("web/parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """One form field with its label, hint and what is wrong beside it."""
    widget = bound.field.widget
    return {
        "field": bound,
        "hint": hint or bound.help_text,
        "many": getattr(widget, "input_type", "") in ("radio", "checkbox")
        and bool(getattr(widget, "choices", ())),
        "box": getattr(widget, "input_type", "") == "checkbox" and not hasattr(widget, "choices"),
    }


@register.simple_tag(takes_context=True)
def rail(context: template.Context, in_bar: bool) -> SafeString:
    """The links of the rail that fit in a phone's bar, or those that do not."""
    nav = context.get("nav") or {}
    counts = nav.get("counts") or {}
    return format_html_join(
        "\n",
        '<a class="rail-link" href="{}"{}>{}<span class="label">{}</span>'
        '<span class="short">{}</span>{}</a>',
        (
            (
                section.path,
                mark_safe(' aria-current="page"') if nav.get("section") == section.key else "",
                icon(section.icon),
                section.label,
                section.short,
                _count(counts.get(section.key, 0)),
            )
            for section in SECTIONS
            if section.in_bar is in_bar
        ),
    )


def _count(number: int) -> SafeString:
    if not number:
        return NOTHING
    return format_html(
        '<span class="count"><span aria-hidden="true">{}</span>'
        '<span class="sr">, {} waiting</span></span>', number, number,
    )  # fmt: skip
