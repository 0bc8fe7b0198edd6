"""What of runbooks can be read by REST and command line."""

from typing import Any

from watchbill.acts.rest import Resource
from watchbill.runbooks.models import Run, Runbook
from watchbill.runbooks.reads import published


def _runbook(runbook: Runbook) -> dict[str, Any]:
    version = runbook.in_force
    return {
        "slug": runbook.slug,
        "title": runbook.title,
        "component": runbook.component.slug if runbook.component else None,
        "area": runbook.area,
        "tier": runbook.tier.word,
        "version_in_force": version.number if version else None,
        "text": version.source if version else None,
        "expected": version.expected if version else "",
        "measure": version.measure if version else "",
        "before": version.before if version else None,
        "after": version.after if version else None,
        "version_ref": version.ref if version else None,
        "url": runbook.get_absolute_url(),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "runbook": run.of.runbook.slug,
        "runbook_version": run.of.number,
        "about": run.about,
        "area": run.area,
        "tier": run.tier.word,
        "state": run.state,
        "at_step": run.at_step,
        "values": run.values,
        "started_by": run.started_by.username,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "steps": [{"title": step.title, "kind": step.kind} for step in run.steps],
        "executions": [
            {
                "id": execution.pk,
                "step": execution.step,
                "by": execution.by.username,
                "state": execution.state,
                "result": execution.result,
                "output": execution.output,
                "asked_at": execution.asked_at,
                "ended_at": execution.ended_at,
            }
            for execution in run.executions.all()
        ],
        "url": run.get_absolute_url(),
    }


RESOURCES = [
    Resource(
        "runbooks", Runbook, _runbook, published,
        {"component": "component__slug", "area": "area"}, "Procedures in force.",
    ),
    Resource(
        "runs", Run, _run,
        lambda: Run.objects.select_related("of__runbook", "started_by")
        .prefetch_related("executions__by").order_by("-pk"),
        {"about": "about", "state": "state", "runbook": "of__runbook__slug"},
        "Runs of runbooks with what came of each step.",
    ),
]  # fmt: skip
