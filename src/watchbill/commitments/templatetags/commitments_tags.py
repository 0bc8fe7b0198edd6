"""`{% commitments_about incident %}`: the sheet of what is agreed with others about a thing."""

from typing import Any

from django import template
from django.template.context import RequestContext

from watchbill.commitments import reads
from watchbill.people.subject import Subject

register = template.Library()


@register.inclusion_tag("commitments/sheet.html", takes_context=True)
def commitments_about(context: RequestContext, on: Subject, act: str = "") -> dict[str, Any]:
    """The commitments about `on`, with the button of `act` (such as commitments.make) on it."""
    rows = list(reads.about(on)[:50])
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "on": on,
        "act_name": act,
        "commitments": rows,
        "note": reads.agreed(rows) if rows and on._meta.label_lower == "maintenance.change" else "",
    }
