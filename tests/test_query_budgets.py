"""How many queries each page takes, on the benchmark's data set made small.

A page that takes more fails with its queries; one that takes fewer asks to lower its number; a page
that is not listed fails. And no page takes more when there is more to show.
"""

from collections.abc import Callable

import pytest
from bench.dataset import Size, fill, filled
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from watchbill.acts.reference import addresses
from watchbill.alerts.models import Alert, Silence
from watchbill.ladder import adopt
from watchbill.maintenance.models import Change, Progress
from watchbill.monitoring.models import Report
from watchbill.paging.models import EscalationPolicy, Page, Step
from watchbill.people.models import Person, Team, Token
from watchbill.people.subject import Subject
from watchbill.practice.models import Improvement, Review
from watchbill.runbooks.models import Run

pytestmark = pytest.mark.django_db

SMALL = Size(incidents=10, acts=100, components=10, people=5, open=10, firing=10, long=10)
LARGE = Size(incidents=200, acts=2000, components=200, people=20, open=200, firing=200, long=200)

# Without the session and the reader: two queries of every page for somebody who is signed in.
BUDGETS: dict[str, int] = {
    "accounts:authority": 27,
    "accounts:people": 30,
    "accounts:person": 28,
    "accounts:settings": 25,
    "accounts:sign-in": 24,
    "accounts:sources": 26,
    "accounts:team": 29,
    "acts:asks": 34,
    "alerts:alert": 30,
    "alerts:alerts": 27,
    "alerts:rule": 27,
    "alerts:rules": 26,
    "alerts:silence": 29,
    "alerts:silences": 28,
    "catalog:bring": 25,
    "catalog:component": 56,
    "catalog:components": 35,
    "home:now": 47,
    "home:palette": 12,
    "incidents:declare": 26,
    "incidents:incidents": 28,
    "incidents:room": 34,
    "ladder:draft": 30,
    "ladder:duties": 26,
    "ladder:duty": 27,
    "ladder:ladder": 30,
    "ladder:person": 32,
    "maintenance:change": 29,
    "maintenance:overview": 27,
    "maintenance:past": 25,
    "monitoring:component": 25,
    "monitoring:explore": 25,
    "monitoring:hosts": 24,
    "monitoring:overview": 28,
    "monitoring:report": 26,
    "monitoring:reports": 28,
    "monitoring:sources": 24,
    "paging:of-alert": 33,
    "paging:page": 27,
    "paging:pages": 28,
    "paging:policies": 32,
    "paging:policy": 37,
    "practice:improvement": 27,
    "practice:improvements": 26,
    "practice:review": 29,
    "practice:reviews": 26,
    "runbooks:rewrite": 26,
    "runbooks:run": 32,
    "runbooks:runbook": 27,
    "runbooks:runbooks": 26,
    "runbooks:write": 25,
    "web:glossary": 24,
    "web:live-poll": 1,
    "web:styleguide": 24,
}
SIGNING_IN = 2
OF_MACHINES = ("alertmanager/", "api/", "telemetry/")
NOT_COUNTED = {
    ":healthz": "for machines",
    ":readyz": "for machines",
    ":health": "asks the database how it is",
    "accounts:first-run": "there is an owner",
    "accounts:sign-in-as": "writes only",
    "accounts:sign-out": "writes only",
    "acts:answer": "writes only",
    "acts:do": "each act has a form of its own",
    "demo:example": "asks the example's processes",
    "monitoring:report-range": "only leads on",
    "web:favicon": "only leads on",
}


def newest(model: type[Subject]) -> int:
    found: int = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    return found


ARGUMENTS: dict[str, Callable[[], dict[str, object]]] = {
    "accounts:person": lambda: {"username": "person-1"},
    "accounts:team": lambda: {"slug": "all"},
    "alerts:alert": lambda: {"number": newest(Alert)},
    "alerts:rule": lambda: {"number": Alert.objects.get(pk=newest(Alert)).rule_id},
    "alerts:silence": lambda: {"number": newest(Silence)},
    "catalog:component": lambda: {"slug": filled().long.components.get().slug},
    "incidents:room": lambda: {"number": filled().long.pk},
    "ladder:draft": lambda: {"number": newest(adopt.Ladder)},
    "ladder:duty": lambda: {"key": "IR-L1-3"},
    "ladder:person": lambda: {"username": "person-1"},
    "maintenance:change": lambda: {"number": newest(Change)},
    "monitoring:component": lambda: {"slug": "component-1"},
    "monitoring:report": lambda: {"number": newest(Report)},
    "paging:of-alert": lambda: {"number": newest(Alert)},
    "paging:page": lambda: {"number": newest(Page)},
    "paging:policy": lambda: {"slug": "all"},
    "practice:improvement": lambda: {"number": newest(Improvement)},
    "practice:review": lambda: {"number": newest(Review)},
    "runbooks:rewrite": lambda: {"slug": "component-1"},
    "runbooks:run": lambda: {"number": newest(Run)},
    "runbooks:runbook": lambda: {"slug": "component-1"},
}


def pages() -> list[str]:
    """The names of all pages that somebody can look at."""
    found = {name for route, name, _ in addresses() if not route.startswith(OF_MACHINES)}
    return sorted(found - NOT_COUNTED.keys())


def counted() -> dict[str, list[str]]:
    """The queries of every page, for somebody with work of every sort."""
    client = Client()
    client.force_login(filled().reader)
    found = {}
    for name in pages():
        path = reverse(name, kwargs=ARGUMENTS.get(name, dict)())
        client.get(path)  # what is read once for a process
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        assert answer.status_code == 200, f"{name} answered {answer.status_code}"
        found[name] = [query["sql"] for query in queries][SIGNING_IN:]
    return found


def fill_all(size: Size, asks: int) -> None:
    """The benchmark's rows, and one of each that it has none of."""
    fill(size, asks)
    team, reader = Team.objects.get(), filled().reader
    step = Step.objects.create(policy=EscalationPolicy.objects.get(), edition=0, position=0, wait=9)
    step.teams.add(team)
    adopt.draft(adopt.default_text(), reader)
    for number in range(size.people):
        token = Token(kind="source", person=reader, name=f"t{number}", sha256=f"{number}")
        token.save()
    junior = Person.objects.earliest("pk")
    for change in Change.objects.order_by("-pk")[: size.people]:
        Progress.objects.create(change=change, by=junior, to=reader, text="half of it")


def test_every_page_keeps_its_budget() -> None:
    fill_all(SMALL, asks=2)
    wrong = []
    for name, queries in counted().items():
        budget, took = BUDGETS.get(name), len(queries)
        if budget is None:
            wrong.append(f"{name} takes {took} queries and is not listed in BUDGETS")
        elif took > budget:
            wrong.append("\n  ".join([f"{name} takes {took} queries, not {budget}:", *queries]))
        elif took < budget:
            wrong.append(f"{name} takes {took} queries now: lower its {budget}")
    assert not wrong, "\n".join(wrong)


def test_no_page_takes_more_when_there_is_more() -> None:
    few, many = {}, {}
    for size, found in ((SMALL, few), (LARGE, many)):
        with transaction.atomic():
            fill_all(size, asks=2)
            found.update(counted())
            transaction.set_rollback(True)
    wrong = [
        "\n  ".join([f"{name} takes {len(few[name])} queries of few rows, of many:", *many[name]])
        for name in pages()
        if len(many[name]) > len(few[name])
    ]
    assert not wrong, "\n".join(wrong)


def test_the_lists_name_only_what_there_is() -> None:
    names = {name for _, name, _ in addresses()}
    assert set(BUDGETS) | set(NOT_COUNTED) | set(ARGUMENTS) <= names
