"""What of investigations can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.investigations.models import (
    Analysis,
    Finding,
    Hypothesis,
    Investigation,
    Part,
    Protocol,
    Step,
)
from watchbill.people.models import Person


def _name(person: Person | None) -> str | None:
    return person.username if person else None


def _investigation(one: Investigation) -> dict[str, Any]:
    return {
        "title": one.title,
        "about": one.about,
        "area": one.area,
        "owner": one.owner.username,
        "complex": one.complex,
        "complex_because": one.complex_because,
        "protocol": one.protocol,
        "steps": [_step(step) for step in one.steps.all()],
        "state": one.state,
        "conclusion": one.conclusion,
        "answer": one.answer,
        "opened_at": one.opened_at,
        "closed_at": one.closed_at,
        "read_by": _name(one.read_by),
        "settled_with": one.settled_with,
        "quiet_days": one.quiet_days,
        "confirmed_by": _name(one.confirmed_by),
        "url": one.get_absolute_url(),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.position,
        "text": step.text,
        "ticked": step.ticked,
        "left": step.left,
        "said": step.said,
        "by": _name(step.by),
        "at": step.at,
    }


def _hypothesis(one: Hypothesis) -> dict[str, Any]:
    return {
        "investigation": one.investigation_id,
        "text": one.text,
        "owner": one.owner.username,
        "proposed_by": one.proposed_by.username,
        "state": one.state,
        "because": one.because,
        "url": one.get_absolute_url(),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "investigation": one.investigation_id,
        "hypothesis": one.hypothesis_id,
        "text": one.text,
        "expected": one.expected,
        "by": one.by.username,
        "at": one.at,
        "log": one.log,
        "reference": one.reference,
        **_chart(one),
        "says": one.says,
        "judged_by": _name(one.judged_by),
        "word": one.word,
        "url": one.get_absolute_url(),
    }


def _chart(one: Finding | Analysis) -> dict[str, Any]:
    return {
        "query": one.query,
        "start": one.start,
        "end": one.end,
        "frozen": one.frozen,
        "freeze_error": one.freeze_error,
    }


def _part(one: Part) -> dict[str, Any]:
    return {
        "investigation": one.investigation_id,
        "text": one.text,
        "state": one.state,
        "by": _name(one.by),
        "result": one.result,
        "url": one.get_absolute_url(),
    }


def _analysis(one: Analysis) -> dict[str, Any]:
    return {
        "investigation": one.investigation_id,
        "author": one.author.username,
        "at": one.at,
        "causes": one.causes,
        "impact": one.impact,
        "affected": [component.slug for component in one.affected.all()],
        "pattern": one.pattern,
        "claim": one.claim,
        **_chart(one),
        "state": one.state,
        "judged_by": _name(one.judged_by),
        "why": one.why,
        "oversight": one.oversight,
        "overseen_by": _name(one.overseen_by),
        "lacking": one.lacking,
        "oversight_why": one.oversight_why,
        "noted_at": one.noted_at,
        "url": one.get_absolute_url(),
    }


def _protocol(one: Protocol) -> dict[str, Any]:
    return {
        "name": one.name,
        "edition": one.edition,
        "title": one.title,
        "steps": one.steps,
        "by": one.by.username,
        "at": one.at,
    }


RESOURCES = [
    Resource(
        "investigations", Investigation, _investigation,
        lambda: Investigation.objects.select_related("owner", "read_by", "confirmed_by")
        .prefetch_related("steps__by").order_by("-pk"),
        {"about": "about", "area": "area", "state": "state", "owner": "owner__username"},
        "Investigations with their protocol and conclusion.",
    ),
    Resource(
        "hypotheses", Hypothesis, _hypothesis,
        lambda: Hypothesis.objects.select_related("investigation", "owner", "proposed_by")
        .order_by("-pk"),
        {"investigation": "investigation", "state": "state", "owner": "owner__username"},
        "Possible causes, and what their tests made of them.",
    ),
    Resource(
        "findings", Finding, _finding,
        lambda: Finding.objects.select_related("investigation", "by", "judged_by").order_by("-pk"),
        {"investigation": "investigation", "hypothesis": "hypothesis", "by": "by__username"},
        "What was found, with the chart as it was.",
    ),
    Resource(
        "parts", Part, _part,
        lambda: Part.objects.select_related("investigation", "by").order_by("-pk"),
        {"investigation": "investigation", "state": "state", "by": "by__username"},
        "Pieces of an investigation that somebody takes and finishes.",
    ),
    Resource(
        "analyses", Analysis, _analysis,
        lambda: Analysis.objects.select_related(
            "investigation", "author", "judged_by", "overseen_by"
        ).prefetch_related("affected").order_by("-pk"),
        {"investigation": "investigation", "state": "state", "author": "author__username"},
        "Published analyses, and how they were judged.",
    ),
    Resource(
        "protocols", Protocol, _protocol,
        lambda: Protocol.objects.select_related("by").order_by("-pk"),
        {"name": "name"},
        "Editions of protocols that people published.",
    ),
]  # fmt: skip
