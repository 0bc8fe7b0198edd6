"""How many queries each page takes, on the benchmark's data set made small.

A page that takes more fails with its queries; one that takes fewer asks to lower its number; a page
that is not listed fails. And no page takes more when there is more to show.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bench.dataset import Size, fill, filled
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from watchbill.acts.models import Entry, Shown
from watchbill.acts.reference import addresses
from watchbill.alerts.models import Alert, Closing, RuleTrial, RuleVersion, Silence
from watchbill.catalog.models import Component
from watchbill.commitments.models import Commitment
from watchbill.incidents.models import Fix, Incident, Record, Task, Workaround
from watchbill.investigations import models as investigations
from watchbill.ladder import adopt
from watchbill.ladder.models import Judgement, Raise, SelfAssessment, SharedSheet
from watchbill.lib import clock
from watchbill.maintenance.models import Change, Part, Progress
from watchbill.monitoring.models import Report
from watchbill.paging.models import EscalationPolicy, Page, Step
from watchbill.people.models import Person, Team, Token
from watchbill.people.subject import Subject
from watchbill.practice.models import Design, Gap, Improvement, Pairing, Review, Session
from watchbill.proposals.models import Position, Proposal
from watchbill.runbooks.models import Run
from watchbill.seats.models import LogEntry, Seat
from watchbill.standards.models import Check, Result, Standard, StandardVersion
from watchbill.tours.models import Tour, Walk
from watchbill.tours.parse import parse
from watchbill.tours.reads import EXAMPLE
from watchbill.tours.steps import kept

pytestmark = pytest.mark.django_db

SMALL = Size(incidents=10, acts=100, components=10, people=5, open=10, firing=10, long=10)
LARGE = Size(incidents=200, acts=2000, components=200, people=20, open=200, firing=200, long=200)

# What a page takes beside its frame: the session, the reader, the rail with what waits for them.
FRAME = ("web:glossary", 16)
BUDGETS: dict[str, int] = {
    "accounts:authority": 3,
    "accounts:people": 6,
    "accounts:person": 4,
    "accounts:settings": 1,
    "accounts:sign-in": 0,
    "accounts:sources": 2,
    "accounts:team": 5,
    "acts:asks": 8,
    "alerts:alert": 7,
    "alerts:alerts": 4,
    "alerts:rule": 5,
    "alerts:rule-version": 3,
    "alerts:rules": 5,
    "alerts:silence": 5,
    "alerts:silences": 4,
    "catalog:bring": 1,
    "catalog:component": 45,
    "catalog:components": 12,
    "commitments:commitment": 6,
    "commitments:commitments": 3,
    "home:now": 38,
    "home:palette": 11,
    "incidents:declare": 2,
    "incidents:incidents": 4,
    "incidents:record": 4,
    "incidents:room": 19,
    "investigations:investigation": 19,
    "investigations:investigations": 4,
    "investigations:protocols": 2,
    "ladder:draft": 9,
    "ladder:drafts": 3,
    "ladder:duties": 2,
    "ladder:duty": 9,
    "ladder:ladder": 12,
    "ladder:person": 15,
    "ladder:sheet": 25,
    "ladder:sheet-md": 14,
    "ladder:team": 7,
    "maintenance:change": 11,
    "maintenance:overview": 3,
    "maintenance:past": 1,
    "monitoring:component": 1,
    "monitoring:engine": 0,
    "monitoring:explore": 1,
    "monitoring:hosts": 0,
    "monitoring:overview": 4,
    "monitoring:report": 3,
    "monitoring:reports": 5,
    "monitoring:sources": 0,
    "paging:of-alert": 9,
    "paging:page": 3,
    "paging:pages": 4,
    "paging:policies": 8,
    "paging:policy": 13,
    "practice:design": 4,
    "practice:designs": 2,
    "practice:improvement": 3,
    "practice:improvements": 2,
    "practice:pairing": 6,
    "practice:pairings": 2,
    "practice:review": 13,
    "practice:reviews": 6,
    "proposals:proposal": 8,
    "proposals:proposals": 4,
    "runbooks:rewrite": 2,
    "runbooks:run": 8,
    "runbooks:runbook": 3,
    "runbooks:runbooks": 2,
    "runbooks:write": 1,
    "seats:seat": 8,
    "seats:seats": 7,
    "seats:watch": 18,
    "standards:standard": 13,
    "standards:standards": 4,
    "standards:version": 12,
    "tours:of-component": 3,
    "tours:rewrite": 2,
    "tours:tour": 4,
    "tours:tours": 8,
    "tours:walk": 2,
    "tours:write": 1,
    "web:glossary": 0,
    "web:live-poll": 3,
    "web:styleguide": 0,
}
FRAMELESS = ("home:palette", "ladder:sheet-md", "web:live-poll")
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
    "ladder:thing": "only leads on",
    "demo:example": "asks the example's processes",
    "monitoring:report-range": "only leads on",
    "web:favicon": "only leads on",
}


def newest(model: type[Subject]) -> int:
    found: int = model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]
    return found


ARGUMENTS: dict[str, Callable[[], dict[str, object]]] = {
    "commitments:commitment": lambda: {"number": newest(Commitment)},
    "proposals:proposal": lambda: {"number": newest(Proposal)},
    "standards:standard": lambda: {"number": newest(Standard)},
    "standards:version": lambda: {"number": newest(Standard), "edition": 1},
    "accounts:person": lambda: {"username": "person-1"},
    "accounts:team": lambda: {"slug": "all"},
    "alerts:alert": lambda: {"number": newest(Alert)},
    "alerts:rule": lambda: {"number": Alert.objects.get(pk=newest(Alert)).rule_id},
    "alerts:rule-version": lambda: {"number": newest(RuleVersion)},
    "alerts:silence": lambda: {"number": newest(Silence)},
    "catalog:component": lambda: {"slug": filled().long.components.get().slug},
    "incidents:record": lambda: {"number": filled().long.pk},
    "incidents:room": lambda: {"number": filled().long.pk},
    "investigations:investigation": lambda: {"number": newest(investigations.Investigation)},
    "ladder:draft": lambda: {"number": newest(adopt.Ladder)},
    "ladder:duty": lambda: {"key": "IR-L1-3"},
    "ladder:person": lambda: {"username": "person-1"},
    "ladder:sheet": lambda: {"username": "person-1"},
    "ladder:sheet-md": lambda: {"username": "person-1"},
    "maintenance:change": lambda: {"number": newest(Change)},
    "monitoring:component": lambda: {"slug": "component-1"},
    "monitoring:report": lambda: {"number": newest(Report)},
    "paging:of-alert": lambda: {"number": newest(Alert)},
    "paging:page": lambda: {"number": newest(Page)},
    "paging:policy": lambda: {"slug": "all"},
    "practice:design": lambda: {"number": newest(Design)},
    "practice:improvement": lambda: {"number": newest(Improvement)},
    "practice:pairing": lambda: {"number": newest(Pairing)},
    "practice:review": lambda: {"number": newest(Review)},
    "runbooks:rewrite": lambda: {"slug": "component-1"},
    "runbooks:run": lambda: {"number": newest(Run)},
    "runbooks:runbook": lambda: {"slug": "component-1"},
    "seats:seat": lambda: {"number": newest(Seat)},
    "tours:of-component": lambda: {"slug": "component-1"},
    "tours:rewrite": lambda: {"number": newest(Tour)},
    "tours:tour": lambda: {"number": newest(Tour)},
    "tours:walk": lambda: {"number": newest(Walk)},
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
        found[name] = [query["sql"] for query in queries]
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
    some = Component.objects.order_by("pk")[: size.people]
    coverage = Review.objects.create(
        about=team.ref, kind="coverage", title="Coverage", area="monitoring", lead=reader
    )
    for component in some:
        Gap.objects.create(review=coverage, component=component, what="none", by=junior)
        design = Design.objects.create(component=component, title="A pool each", decision="so",
                                       alternatives="none", by=reader)  # fmt: skip
        design.reviews.set(Review.objects.order_by("pk")[:1])
        pairing = Pairing.objects.create(mentor=reader, learner=junior, area="monitoring",
                                         component=component, duties=["MO-L1-2"], plan="read",
                                         until=clock.now().date())  # fmt: skip
        Session.objects.create(pairing=pairing, by=junior, text="We read the charts.")
    fill_room(filled().long, reader, size.people)
    judge(size, reader)
    for change in Change.objects.order_by("-pk")[: size.people]:
        Progress.objects.create(change=change, by=junior, to=reader, text="half of it")
    investigate(size, reader, junior)
    fill_agreements(size)
    sit(size, reader, junior)


def sit(size: Size, reader: Person, junior: Person) -> None:
    """Seats over every component, a watch with a log, and a change with parts."""
    for component in Component.objects.order_by("pk")[: size.components]:
        for role in (Seat.Role.CARETAKER, Seat.Role.WATCH):
            Seat.objects.create(about=component.ref, role=role, area="monitoring", holder=junior)
    about = Team.objects.get().ref
    stood = Seat.objects.create(about=about, role="watch", area="monitoring", holder=reader)
    shared = Change.objects.latest("pk")
    for number in range(size.people):
        LogEntry.objects.create(seat=stood, by=junior, text=f"quiet {number}", query="up")
        Part.objects.create(change=shared, text=f"part {number}", added_by=reader, holder=junior)


def investigate(size: Size, reader: Person, junior: Person) -> None:
    """Investigations of the long incident; the newest with as much in it as the size says."""
    about = {"about": filled().long.ref, "area": "incident-response", "owner": reader}
    for number in range(size.people):
        one = investigations.Investigation.objects.create(title=f"why {number}", **about)
    inside = {"investigation": one, "at": one.opened_at}
    change = Change.objects.filter(state=Change.State.CLOSED).first() or Change.objects.latest("pk")
    one.settled_with, one.quiet_days = change.ref, 7
    one.save()
    for number in range(size.people):
        said = {"text": f"because {number}", **inside}
        cause = investigations.Hypothesis.objects.create(owner=junior, proposed_by=junior, **said)
        for by in (reader, junior):
            investigations.Finding.objects.create(hypothesis=cause, by=by, query="up", **said)
        investigations.Finding.objects.create(by=junior, **said)
        investigations.Part.objects.create(added_by=junior, by=reader, state="taken", **said)
        step = {"position": number, "text": "what changed?", "by": junior}
        investigations.Step.objects.create(investigation=one, **step)
        made = investigations.Analysis.objects.create(author=junior, causes=["a", "b"], **inside)
        made.affected.set(filled().long.components.all())
        protocol = {"name": f"p{number}", "edition": 1, "title": "P", "steps": ["a"], "by": reader}
        investigations.Protocol.objects.create(**protocol)
    fill_tours(size, junior, reader)
    fill_rules(size, junior)


def fill_tours(size: Size, junior: Person, reader: Person) -> None:
    """Tours that were written, walks that go on, walks that wait for the reader."""
    now, written = clock.now(), parse(EXAMPLE)
    made = {"sort": written.sort, "area": written.area, "content": kept(written.steps)}
    for number in range(size.people):
        tour = Tour.objects.create(sort=written.sort, area=written.area, title=f"tour {number}")
        tour.in_force = tour.versions.create(
            number=1, source=EXAMPLE, content=made["content"], published_by=reader
        )
        tour.component = Component.objects.get(slug="component-1")
        tour.save()
        for who, level, ended in ((reader, 3, None), (reader, 3, now), (junior, 1, now)):
            walk = Walk.objects.create(
                tour=tour, title=tour.title, person=who, level=level, finished_at=ended, **made
            )
            for step in (1, 2):
                walk.answers.create(step=step, text="7", right=True)


def fill_rules(size: Size, junior: Person) -> None:
    """Versions of the newest alert's rule, tried on history, and alerts that stayed closed."""
    now, by = clock.now(), Person.objects.get(username="person-3")
    rule = Alert.objects.get(pk=newest(Alert)).rule
    for number in range(size.people):
        version = RuleVersion.objects.create(
            rule=rule, number=number, name=rule.name, expr="up == 0", interval=15, by=junior
        )
        RuleTrial.objects.create(
            version=version, days=7, start=now - timedelta(days=7), end=now, at=now, step=30,
            by=junior,
        )  # fmt: skip
    for alert in Alert.objects.filter(state="resolved")[: size.people]:
        closed = now - timedelta(days=8)
        Closing.objects.create(alert=alert, by=by, at=closed, cause="load", own=True, alone=True)


def fill_agreements(size: Size) -> None:
    """Proposals argued about, commitments on everything, a standard with its report."""
    room, junior, reader = filled().room, Person.objects.earliest("pk"), filled().reader
    team, shop = Team.objects.get(), filled().long.components.get()
    proposal = None
    for number in range(size.people):
        proposal = Proposal.objects.create(
            about=shop.ref, area="monitoring", kind="chart", title=f"Chart {number}",
            text="It shows more.", by=junior,
        )  # fmt: skip
        for matter in (room, shop, Change.objects.latest("pk")):
            Commitment.objects.create(
                about=matter.ref, by=junior, team=team, what="Wait.", due=clock.now()
            )
    incidents = type(room).objects.order_by("-pk")[: size.people]
    Position.objects.bulk_create(
        Position(proposal=proposal, by=reader, level=3, stance="for", text="Yes.", links=[one.ref])
        for one in incidents
    )
    terms = {"title": "Watched", "area": "monitoring", "kind": "quality", "owner": reader}
    version = StandardVersion.objects.create(
        standard=Standard.objects.create(**terms), number=1, state="in-force", text="Charts.",
        reason="Because.", written_by=reader, in_force_by=reader, in_force_at=clock.now(),
        words="Charts", before="1",
    )  # fmt: skip
    check = Check.objects.create(of=version, label="Charts", name="has-chart", given={})
    Result.objects.bulk_create(
        Result(check_of=check, component=one, state="fails", reason="none", since=clock.now())
        for one in Component.objects.all()
    )


def judge(size: Size, reader: Person) -> None:
    """What was said of everybody's lines, how they see themselves, who asks for the next level."""
    duties = {duty.key: duty for duty in adopt.in_force().duties.all()}
    duty = duties["IR-L1-3"]
    for person in Person.objects.humans():
        for other in (reader, Person.objects.exclude(pk=person.pk).latest("pk")):
            Judgement.objects.create(
                person=person, duty=duty, line=duty.line, area="monitoring", word="returned",
                by=other, by_level=3, contest="no", contested_at=other.joined,
            )  # fmt: skip
        SelfAssessment.objects.create(person=person, duty=duty, line=duty.line, word="alone")
        SharedSheet.objects.create(person=person)
        Raise.objects.create(person=person, area="monitoring", level=4, rests_on="Signed.")
    rows = [
        Shown(entry=entry, duty="IR-L1-4", person=entry.by, on=entry.subject, witness=reader,
              witness_level=3)
        for entry in Entry.objects.exclude(by=reader)[: size.acts // 10]
    ]  # fmt: skip
    Shown.objects.bulk_create(rows)


def fill_room(incident: Incident, reader: Person, many: int) -> None:
    """What people do in an incident, so many of each."""
    component = incident.components.get()
    for number in range(many):
        listed = Workaround.objects.create(
            component=component, title=f"Way {number}", listed_by=reader
        )
        Task.objects.create(incident=incident, text=f"Task {number}", added_by=reader)
        Fix.objects.create(
            incident=incident, what=listed.title, workaround=listed, measure="1", applied_by=reader
        )
        Record.objects.create(
            incident=incident, number=number + 1, impact="i", cause="c", actions="a",
            published_by=reader,
        )  # fmt: skip


def test_every_page_keeps_its_budget() -> None:
    fill_all(SMALL, asks=2)
    wrong, found = [], counted()
    frame = len(found[FRAME[0]])
    if frame != FRAME[1]:
        wrong.append("\n  ".join([f"the frame takes {frame} queries:", *found[FRAME[0]]]))
    for name, queries in found.items():
        budget, took = BUDGETS.get(name), len(queries) - (0 if name in FRAMELESS else frame)
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
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # what a database does by itself, if not at once
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
