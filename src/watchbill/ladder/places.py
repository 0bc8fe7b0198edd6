"""Where an act is done: the page from which somebody who wants to practise begins."""

from collections.abc import Iterable

from django.urls import reverse

from watchbill.ladder.evidence import AS_GUIDE

# Beginning of an act's name -> page. The first that any act of a duty begins with counts.
PAGES = (
    ("alerts.silence", "alerts:silences"),
    ("alerts.", "alerts:alerts"),
    ("monitoring.report_anomaly", "monitoring:explore"),
    ("monitoring.", "monitoring:reports"),
    ("runbooks.publish", "runbooks:write"),
    ("runbooks.", "runbooks:runbooks"),
    ("incidents.", "incidents:incidents"),
    ("paging.", "paging:policies"),
    ("catalog.", "catalog:components"),
    ("maintenance.", "maintenance:overview"),
    ("practice.start_pairing", "practice:pairings"),
    ("practice.record_design", "practice:designs"),
    ("practice.initiate", "practice:improvements"),
    ("practice.propose_improvement", "practice:improvements"),
    ("practice.", "practice:reviews"),
    (AS_GUIDE, "acts:asks"),
)


def page_of(acts: Iterable[str]) -> str:
    """The address where one of these acts is done; "" when there is none."""
    named = list(acts)
    for beginning, page in PAGES:
        if any(name.startswith(beginning) for name in named):
            return reverse(page)
    return ""
