"""What runbooks add to the checks of standards."""

from watchbill.runbooks.models import Runbook
from watchbill.standards.checks import Asking, Verdict, Verdicts, check


@check("has-runbook", "A runbook is published for it")
def has_runbook(ask: Asking) -> Verdicts:
    """Looks for a version in force."""
    published = Runbook.objects.filter(component__in=ask.components).exclude(in_force=None)
    titles = dict(published.order_by("-pk").values_list("component_id", "title"))
    return {
        one.pk: Verdict(True, f"“{titles[one.pk]}” is published")
        if one.pk in titles
        else Verdict(False, "no runbook is published for it")
        for one in ask.components
    }
