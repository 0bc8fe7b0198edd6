"""The pages of alerts, rules and silences."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from watchbill.acts import timeline
from watchbill.acts.web import Request, signed_in
from watchbill.alerts import reads
from watchbill.alerts.matchers import Matcher
from watchbill.alerts.models import Alert, Rule, RuleTrial, RuleVersion, Silence, covered
from watchbill.alerts.rulefile import words
from watchbill.alerts.trial import moment
from watchbill.lib import clock
from watchbill.people.models import House

LATEST = 20
# Labels that tell apart only copies of one alert: a silence should hold for all of them.
PASSING_LABELS = ("pod", "replica", "prometheus")


@signed_in
def alerts(request: Request) -> HttpResponse:
    """What fires now, by component."""
    asked = request.GET.dict()
    context = {
        "listing": reads.listing(asked),
        "asked": asked,
        "states": Alert.State.values,
        "state": asked.get("state") or Alert.State.FIRING,
        "to_confirm": reads.to_confirm(request.user)[:LATEST],
    }
    return render(request, "alerts/alerts.html", context)


@signed_in
def alert(request: Request, number: int) -> HttpResponse:
    """One alert: since when, why, what was done."""
    related = Alert.objects.select_related(
        "component", "rule__group", "token", "taken_by", "closed_by"
    )
    found = get_object_or_404(related, pk=number)
    quiet = reads.quiet_for(found)
    conditions = [
        Matcher(name, text) for name, text in found.labels.items() if name not in PASSING_LABELS
    ]
    context = {
        "alert": found,
        "row": reads.Row(found, bool(quiet)),
        "chart": reads.charted(found),
        "quiet": quiet,
        "history": reads.history(found),
        "matchers": ", ".join(map(str, conditions)),
        "entries": timeline.of(found, *quiet),
        "house": House.get(),
    }
    return render(request, "alerts/alert.html", context)


@signed_in
def rules(request: Request) -> HttpResponse:
    """Each rule with its health, and the files they come from."""
    found = list(reads.rules_in_force())
    context = {
        "rules": found,
        "files": reads.rule_files(),
        "failing": [rule for rule in found if rule.health == Rule.Health.ERROR],
        "unknown": [rule for rule in found if rule.health == Rule.Health.UNKNOWN],
        "drafts": reads.drafts()[:LATEST],
        "example": reads.EXAMPLE,
        "house": House.get(),
    }
    return render(request, "alerts/rules.html", context)


@signed_in
def rule(request: Request, number: int) -> HttpResponse:
    """One rule and its alerts."""
    found = get_object_or_404(Rule.objects.select_related("group__file", "of"), pk=number)
    query, limit = reads.split(found.expr)
    active = found.alerts.select_related("component", "taken_by").exclude(starts_at=None)
    context = {
        "rule": found,
        "query": query,
        "bands": [{"lower": limit, "upper": limit, "label": "threshold"}] if limit else [],
        "rows": reads.rows(active.order_by("state", "-starts_at")[:100]),
        "versions": reads.versions(found)[:LATEST],
        "lasts": words(found.hold),
    }
    return render(request, "alerts/rule.html", context)


@signed_in
def rule_version(request: Request, number: int) -> HttpResponse:
    """One version of a rule: what it changes, its trial, whether it is in force."""
    related = RuleVersion.objects.select_related(
        "rule", "component", "by", "put_by", "previous", "confirmed_by"
    )
    found = get_object_or_404(related, pk=number)
    trial = found.trials.defer("held").order_by("-pk").first()
    done = trial is not None and trial.state == RuleTrial.State.DONE
    result = trial.result if trial and done else {}
    marks = [
        {"at": moment(one["start"]), "label": one["title"], "kind": "bad", "url": one["url"]}
        for one in result.get("harm", [])
    ]
    context = {
        "version": found, "trial": trial, "done": done, "result": result, "marks": marks,
        "lasts": words(found.hold),
        "before": trial.before if trial else {},
        "before_lasts": words(trial.before["hold"]) if trial and trial.before else "",
        "entries": timeline.of(found),
    }  # fmt: skip
    return render(request, "alerts/rule_version.html", context)


@signed_in
def silences(request: Request) -> HttpResponse:
    """What is kept quiet, until when, why."""
    past = request.GET.get("past") == "1"
    context = {
        "silences": reads.silences(past=past),
        "past": past,
        "house": House.get(),
    }
    return render(request, "alerts/silences.html", context)


@signed_in
def silence(request: Request, number: int) -> HttpResponse:
    """One silence and what it keeps quiet now."""
    found = get_object_or_404(Silence.objects.select_related("by"), pk=number)
    context = {
        "silence": found,
        "state": found.state(clock.now()),
        "rows": reads.rows(covered(found.conditions)),
        "entries": timeline.of(found),
    }
    return render(request, "alerts/silence.html", context)
