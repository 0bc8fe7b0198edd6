"""What alerting rules tell the packages below: a check of standards, monitors of commitments."""

from watchbill.alerts.changes import component_of, components_of
from watchbill.alerts.models import Rule
from watchbill.alerts.reads import split
from watchbill.commitments.monitors import plain, provides_monitors
from watchbill.standards.checks import Asking, Verdict, Verdicts, check

CANNOT = (Rule.Health.ERROR, Rule.Health.UNKNOWN)


@check("has-alert-rule", "An alerting rule with a severity names it")
def has_alert_rule(ask: Asking) -> Verdicts:
    """Looks for rules in force whose labels name the component and a severity."""
    rules = Rule.objects.filter(in_force=True).exclude(health__in=CANNOT)
    named = [(name, labels) for name, labels in rules.values_list("name", "labels").order_by("-pk")]
    known = components_of([labels for _, labels in named])
    with_severity = {component_of(ls, known): name for name, ls in named if ls.get("severity")}
    without = {component_of(ls, known): name for name, ls in named if not ls.get("severity")}
    found = {}
    for one in ask.components:
        if one.pk in with_severity:
            found[one.pk] = Verdict(True, f"{with_severity[one.pk]} is in force")
        elif one.pk in without:
            found[one.pk] = Verdict(False, f"{without[one.pk]} has no severity")
        else:
            found[one.pk] = Verdict(False, "no rule in force names it")
    return found


@provides_monitors
def rules_in_force(query: str) -> bool:
    """A rule measures it, with or without a threshold."""
    rules = Rule.objects.filter(in_force=True).exclude(health__in=CANNOT)
    exprs = rules.values_list("expr", flat=True)
    return any(query in (plain(expr), plain(split(expr)[0])) for expr in exprs)
