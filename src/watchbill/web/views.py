"""Polling for live pages, the glossary, and the style guide with every part of a page."""

from datetime import timedelta
from math import sin
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from watchbill.lib import clock
from watchbill.lib.numbers import whole
from watchbill.web import bundle, live
from watchbill.web.glossary import GLOSSARY


@require_safe
def live_poll(request: HttpRequest) -> JsonResponse:
    """What a stream would have said: {"last": newest event's number, "topics": changed since}.

    Without `after` only the number is told, to begin from.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Sign in first."}, status=401)
    topics = frozenset(topic for topic in request.GET.get("topics", "").split(",") if topic)
    if len(topics) > live.MOST_TOPICS:
        return JsonResponse({"error": f"At most {live.MOST_TOPICS} topics."}, status=400)
    last = request.GET.get("after", "")
    newest, changed = live.after(whole(last) or 0, topics)
    return JsonResponse({"last": newest, "topics": changed if last else []})


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For addresses that are no page of ours: the same mark as in the frame."""
    built = bundle.asset_url("favicon.svg")
    return redirect(built) if built else HttpResponse(status=404)


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """The field's words in plain words."""
    return render(request, "web/glossary.html", {"words": sorted(GLOSSARY.items())})


class ExampleForm(forms.Form):
    """Every kind of field, for the style guide."""

    title = forms.CharField(help_text="What users notice, in one sentence.")
    severity = forms.ChoiceField(choices=[("1", "SEV 1"), ("2", "SEV 2"), ("3", "SEV 3")])
    query = forms.CharField(
        required=False,
        widget=forms.TextInput(attrs={"data-metric-complete": "", "class": "mono"}),
    )
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    channel = forms.ChoiceField(
        choices=[("mail", "By mail"), ("webhook", "By webhook")], widget=forms.RadioSelect
    )
    provisional = forms.BooleanField(required=False, label="Hold until a guide has looked at it")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every part with example data, in the reader's theme; the browser tests look at it too."""
    now = clock.now()
    context: dict[str, Any] = {
        "now": now,
        "earlier": now - timedelta(minutes=24),
        "yesterday": now - timedelta(hours=30),
        "soon": now + timedelta(minutes=15),
        "form": ExampleForm(initial={"title": "Checkout fails for 12 % of requests"}),
        "wrong": ExampleForm({"title": "", "severity": "9"}),
        "text": EXAMPLE_TEXT,
        **_example_chart(),
    }
    return render(request, "web/styleguide.html", context)


def _example_chart() -> dict[str, Any]:
    """Three hours of an error rate that leaves its band after a deployment."""
    now = clock.now()
    end = now.timestamp() // 60 * 60
    times = [end - 60 * minute for minute in range(180, -1, -1)]
    usual = [0.004 + 0.001 * sin(at / 900) for at in times]
    failing = [max(0.0, 0.12 - abs(at - end + 1200) / 30000) for at in times]
    errors = [
        low + (high if at > end - 2400 else 0) + 0.0004 * sin(at / 70)
        for at, low, high in zip(times, usual, failing, strict=True)
    ]

    def pairs(values: list[float]) -> list[tuple[float, str]]:
        return [(at, f"{value:.5f}") for at, value in zip(times, values, strict=True)]

    return {
        "result": [
            {"metric": {"service": "checkout"}, "values": pairs(errors)},
            {"metric": {"service": "payments"}, "values": pairs([e * 0.6 for e in errors])},
        ],
        "bands": [
            {
                "label": "usual for this hour",
                "lower": pairs([value * 0.4 for value in usual]),
                "upper": pairs([value * 2.2 for value in usual]),
            }
        ],
        "marks": [
            {"at": now - timedelta(minutes=43), "label": "payments 4.12", "kind": "guide"},
            {"at": now - timedelta(minutes=34), "label": "declared"},
        ],
    }


EXAMPLE_TEXT = """\
Payments opens a new connection for **every retry**. Seen in `pool_wait_seconds`.

1. Count the connections: `ss -s`
2. Drain the node, then [tell the lead](/incidents/)

> Errors should fall under 1 % within 5 minutes.

| node | connections |
|---|---|
| web-4 | 1,204 |
| web-5 | 310 |
"""
