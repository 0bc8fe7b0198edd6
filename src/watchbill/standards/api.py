"""What of standards can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.people.models import Person
from watchbill.standards.models import Check, Standard, StandardVersion
from watchbill.standards.reads import versions


def _standard(standard: Standard) -> dict[str, Any]:
    return {
        "title": standard.title,
        "area": standard.area,
        "kind": standard.kind,
        "owner": standard.owner.username,
        "about": standard.about,
        "versions": [{"ref": v.ref, "number": v.number, "state": v.state}
                     for v in standard.versions.all()],
        "exemptions": [
            {"component": e.component.slug, "check": e.label, "reason": e.reason,
             "until": e.until, "by": e.by.username}
            for e in standard.exemptions.all()
        ],
        "url": standard.get_absolute_url(),
    }  # fmt: skip


def _version(version: StandardVersion) -> dict[str, Any]:
    return {
        "standard": version.standard.title,
        "number": version.number,
        "state": version.state,
        "text": version.text,
        "reason": version.reason,
        "automates": version.automates,
        "automated_by": version.automated_by,
        "written_by": version.written_by.username,
        "in_force_by": _named(version.in_force_by),
        "in_force_at": version.in_force_at,
        "query": version.query,
        "words": version.words,
        "before": version.before,
        "after": version.after,
        "read_at": version.read_at,
        "measure_problem": version.measure_problem,
        "effect": version.effect,
        "effect_by": _named(version.effect_by),
        "checked_at": version.checked_at,
        "checks": [_check(check) for check in version.checks.all() if not check.dropped],
        "url": version.get_absolute_url(),
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "label": check.label,
        "check": check.name,
        "given": check.given,
        "from_tier": check.from_tier,
        "problem": check.problem,
        "results": [
            {"component": r.component.slug, "state": r.state, "reason": r.reason, "since": r.since}
            for r in check.results.all()
        ],
    }


def _named(person: Person | None) -> str | None:
    return person.username if person else None


RESOURCES = [
    Resource(
        "standards", Standard, _standard,
        lambda: Standard.objects.select_related("owner").prefetch_related(
            "versions", "exemptions__component", "exemptions__by"
        ).order_by("-pk"),
        {"area": "area", "kind": "kind", "owner": "owner__username"},
        "Standards with their versions and exemptions.",
    ),
    Resource(
        "standard-versions", StandardVersion, _version,
        lambda: versions().prefetch_related("checks__results__component").order_by("-pk"),
        {"standard": "standard", "state": "state"},
        "Versions of standards with measure, checks and conformance.",
    ),
]  # fmt: skip
