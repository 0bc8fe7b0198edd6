"""What changes add to the checks of standards."""

from watchbill.acts import timeline
from watchbill.lib.levels import Tier
from watchbill.maintenance.models import Change
from watchbill.standards.checks import Asking, Verdict, Verdicts, check


@check("second-person-on-critical-change", "A second person agreed to its last critical change")
def second_person(ask: Asking) -> Verdicts:
    """Looks at the change at the critical tier that began last."""
    begun = Change.objects.filter(component__in=ask.components).exclude(started_at=None)
    ordered = begun.select_related("component", "approved_by").order_by("started_at", "pk")
    last = {one.component_id: one for one in ordered if one.tier is Tier.CRITICAL}
    started = timeline.done("maintenance.start_change").exclude(guide=None)
    refs = [one.ref for one in last.values()]
    seconds = {
        entry.subject: str(entry.guide)
        for entry in started.filter(subject__in=refs).select_related("guide")
    }
    found = {}
    for part in ask.components:
        change = last.get(part.pk)
        if change is None:
            found[part.pk] = Verdict(True, "no critical change has begun")
        elif second := seconds.get(change.ref) or change.approved_by:
            found[part.pk] = Verdict(True, f"{second} agreed to “{change}”")
        else:
            found[part.pk] = Verdict(False, f"nobody else agreed to “{change}”")
    return found
