"""`{% investigations incident %}`: the sheet of what is being found out about a thing."""

from typing import Any

from django import template
from django.template.context import RequestContext

from watchbill.investigations import reads
from watchbill.people.subject import Subject

register = template.Library()


@register.inclusion_tag("investigations/sheet.html", takes_context=True)
def investigations(context: RequestContext, on: Subject) -> dict[str, Any]:
    """The investigations of `on`, with the button that opens one."""
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "on": on,
        "investigations": reads.about(on),
    }
