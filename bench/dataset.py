"""A large installation's two years of rows, written straight into the tables for benchmarks.

Every number is drawn from one seed. The shapes are those of a busy team: each incident has an
alert, seats, updates, a runbook's run, a change and acts, which are mentioned in the threads of all
that they touch. Two are singled out to be measured: `room`, an open one of usual
length, and `long`, an open one whose timeline is longer than the page shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random

import msgspec
from django.db import connection, models, transaction

from watchbill.acts.models import Entry, Mention
from watchbill.acts.registry import KINDS
from watchbill.acts.timeline import open_asks
from watchbill.alerts.models import Alert, Change, Rule, RuleFile, RuleGroup, Silence
from watchbill.catalog.models import Component
from watchbill.incidents.models import Incident, Seat, Update
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.maintenance.models import Change as Maintenance
from watchbill.monitoring.models import Report
from watchbill.paging.models import Escalation, EscalationPolicy, Page
from watchbill.people.models import House, Person, Standing, Team
from watchbill.people.subject import Subject
from watchbill.practice.models import Improvement, Review
from watchbill.runbooks.models import Run, Runbook, RunbookVersion
from watchbill.runbooks.parse import parse

YEARS = timedelta(days=730)
READER = "person-2"
WORDS = ("queue", "latency", "errors", "memory", "disk", "checkout", "payments", "search", "login")
SEVERITIES = ("sev1", "sev2", "sev3", "sev3", "sev4", "sev4")
RUNBOOK = """---
slug: {slug}
title: Restart {name}
component: {slug}
---

## Which node hangs
```value node
Which node has the most connections?
```

## See that it helped
```promql
sum(rate(errors_total[1m])) < 1
```
"""
# What is done in an incident, in this order over and over, and on what: of all three areas.
DURING = (
    ("incidents.note", "incident"), ("runbooks.run_step", "run"),
    ("incidents.take_seat", "incident"), ("incidents.post_update", "incident"),
    ("alerts.take", "alert"), ("runbooks.run_step", "run"), ("incidents.note", "incident"),
    ("maintenance.start_change", "change"), ("incidents.mitigate", "incident"),
    ("monitoring.report_anomaly", "component"),
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How much of everything. Acts are ledger rows; `long` of them are in one timeline."""

    incidents: int = 10_000
    acts: int = 200_000
    components: int = 300
    people: int = 20
    open: int = 10  # incidents that are not over
    firing: int = 40  # alerts
    long: int = 400


@dataclass(frozen=True)
class Made:
    """What is asked for afterwards."""

    reader: Person  # an L3 who is paged, holds a seat, guides, and has work of every sort
    room: Incident
    long: Incident


@dataclass
class Thread:
    """One incident with all that acts in it are mentioned in."""

    incident: Incident
    component: Component
    alert: Alert
    run: Run
    change: Maintenance

    def subject(self, kind: str) -> Subject:
        found: Subject = getattr(self, kind)
        return found

    def refs(self, on: Subject) -> set[str]:
        within = (self.incident, self.component, self.alert)
        return {on.ref, *(subject.ref for subject in within)}


def fill(size: Size, asks: int, seed: int = 1) -> None:
    """Fill the migrated database if it is empty, and see that `asks` requests are open in it."""
    random, now = Random(seed), clock.now()
    with transaction.atomic():
        if not Person.objects.exists():
            people = _people(size.people)
            components, versions = _catalogue(size.components, people)
            threads = _incidents(size, random, now, people, components, versions)
            _ledger(size, random, people, threads)
            _paging(random, now, people, threads)
            _work(random, now, people, components, threads)
        _asks(asks - open_asks().count(), now)
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:  # VACUUM is refused within a transaction
            cursor.execute("VACUUM ANALYZE")  # as its autovacuum does; nothing does it on SQLite


def filled() -> Made:
    """What is asked for in a filled database."""
    room, long = Incident.objects.order_by("-pk")[:2]
    return Made(Person.objects.get(username=READER), room, long)


def _save(rows: Iterable[models.Model], model: type[models.Model]) -> None:
    found = iter(rows)
    while batch := list(islice(found, 5_000)):
        model._default_manager.bulk_create(batch)


def _people(count: int) -> list[Person]:
    people = [
        Person(username=f"person-{n}", name=f"Person {n}", password="!", is_owner=n == 0)
        for n in range(count)
    ]
    _save(people, Person)
    _save(
        (
            Standing(person=who, area=area, level=1 + (number + turn) % 4, reason="bench")
            for number, who in enumerate(people)
            for turn, area in enumerate(Area)
        ),
        Standing,
    )
    for area in Area:
        Standing.objects.create(person=_reader(people), area=area, level=3, reason="bench")
    House.objects.create(name="Bench", dials={area.value: "enforce" for area in Area})
    return people


def _reader(people: list[Person]) -> Person:
    return next(who for who in people if who.username == READER)


def _catalogue(
    count: int, people: list[Person]
) -> tuple[list[Component], dict[int, RunbookVersion]]:
    team = Team.objects.create(slug="all", name="Everybody")
    team.members.set(people)
    components = [
        Component(
            slug=f"component-{n}", name=f"{WORDS[n % len(WORDS)].capitalize()} {n}", owner=team,
            stakes=n % len(Tier),
        )
        for n in range(count)
    ]  # fmt: skip
    _save(components, Component)
    versions: dict[int, RunbookVersion] = {}
    for component in components[: count // 2]:
        text = RUNBOOK.format(slug=component.slug, name=component.name)
        procedure = parse(text)
        runbook = Runbook.objects.create(
            slug=component.slug, title=procedure.title, area=Area.INCIDENT_RESPONSE,
            component=component,
        )  # fmt: skip
        version = versions[component.pk] = RunbookVersion.objects.create(
            runbook=runbook, number=1, source=text, content=msgspec.to_builtins(procedure),
            published_by=people[0],
        )  # fmt: skip
        runbook.in_force = version
        runbook.save()
    return components, versions


def _incidents(
    size: Size, random: Random, now: datetime, people: list[Person],
    components: list[Component], versions: dict[int, RunbookVersion],
) -> list[Thread]:  # fmt: skip
    file = RuleFile.objects.create(path="bench.yml")
    group = RuleGroup.objects.create(file=file, name="bench", interval=15, next_at=now)
    rules = [
        Rule(group=group, key=str(n), position=n, line=n, name=f"TooMuch{n}", expr=f"x{n} > 5")
        for n in range(100)
    ]
    _save(rules, Rule)
    anything, threads = list(versions.values()), []
    for number in range(size.incidents):
        over = number < size.incidents - size.open
        began = now - YEARS * (1 - number / size.incidents)
        component = random.choice(components)
        incident = Incident(
            title=f"{random.choice(WORDS).capitalize()} of {component} is too high",
            impact="Some of the users wait.", severity=random.choice(SEVERITIES),
            state="closed" if over else "investigating", declared_by=random.choice(people),
            declared_at=began, told_at=began + timedelta(minutes=20),
            resolved_at=began + timedelta(hours=1) if over else None,
            closed_at=began + timedelta(hours=2) if over else None, resolution="Rolled back.",
        )  # fmt: skip
        firing = number >= size.incidents - size.firing
        alert = Alert(
            fingerprint=f"{number:032x}", name=f"TooMuch{number % 100}",
            labels={"component": component.slug, "instance": f"host-{number % 50}"},
            annotations={"summary": f"{component} has too much of everything"},
            severity=random.choice(("critical", "warning")),
            state="firing" if firing else "resolved", active_at=began, starts_at=began,
            ends_at=None if firing else began + timedelta(hours=1), rule=rules[number % 100],
            component=component,
        )  # fmt: skip
        of = versions.get(component.pk) or random.choice(anything)
        run = Run(
            about="", of=of, area=Area.INCIDENT_RESPONSE, state="finished" if over else "running",
            at_step=3 if over else 2, started_by=random.choice(people), started_at=began,
        )  # fmt: skip
        change = Maintenance(
            title=f"Give {component} more room", component=component, kind="config",
            planned_by=random.choice(people), planned_at=began, started_at=began,
            state="closed" if over else "under-way", ended_at=began if over else None,
        )  # fmt: skip
        threads.append(Thread(incident, component, alert, run, change))
    _save((t.incident for t in threads), Incident)
    _save((t.alert for t in threads), Alert)
    for thread in threads:
        thread.run.about = thread.incident.ref
    _save((t.run for t in threads), Run)
    _save((t.change for t in threads), Maintenance)
    _around(random, people, threads)
    return threads


def _around(random: Random, people: list[Person], threads: list[Thread]) -> None:
    """What belongs to every incident besides its acts."""
    of_component, of_alert = Incident.components.through, Incident.alerts.through
    _save((of_component(incident=t.incident, component=t.component) for t in threads), of_component)
    _save((of_alert(incident=t.incident, alert=t.alert) for t in threads), of_alert)
    seats: list[Seat] = []
    for thread in threads:
        at, until = thread.incident.declared_at, thread.incident.resolved_at
        for role, who in zip(Seat.Role, random.sample(people, 3), strict=True):
            seats.append(
                Seat(incident=thread.incident, person=who, role=role, since=at, until=until)
            )
    _save(seats, Seat)
    _save(
        (
            Update(incident=t.incident, by=t.incident.declared_by, audience="team", at=at,
                   text="We **look into it**. The next update follows in half an hour.")
            for t in threads
            for at in (t.incident.declared_at, t.incident.told_at)
        ),
        Update,
    )  # fmt: skip
    _save(
        (
            Review(about=t.incident.ref, title=f"Review of {t.incident}",
                   area=Area.INCIDENT_RESPONSE, lead=people[n % len(people)],
                   state="published" if t.incident.over else "open")
            for n, t in enumerate(threads[::2])
        ),
        Review,
    )  # fmt: skip


def _ledger(size: Size, random: Random, people: list[Person], threads: list[Thread]) -> None:
    """`size.acts` rows in order of time; three in ten have a guide, as answers to an ask."""
    long = threads[-2]
    each = (size.acts - size.long) // len(threads)
    number = 0

    def rows(thread: Thread, count: int) -> Iterator[tuple[Entry, set[str]]]:
        nonlocal number
        at, asked = thread.incident.declared_at, None
        for turn in range(count):
            name, on = DURING[turn % len(DURING)] if turn else ("incidents.declare", "incident")
            subject, by = thread.subject(on), random.choice(people)
            number += 1
            at += timedelta(seconds=30)
            guide = None
            if asked:
                by, guide = asked.by, random.choice([p for p in people if p != asked.by])
                name, subject = asked.kind, thread.subject("run")
            kind, asks = KINDS[name], not asked and name == "runbooks.run_step" and turn < count - 1
            entry = Entry(
                pk=number, at=at, kind=name, by=by, guide=guide, answers=asked,
                state="asked" if asks else "done", mode="guided" if asks or guide else "alone",
                rule="level", reason="L2 in incident response, needed is L2.", area=_area(name),
                at_tier=1, standing=2, subject=subject.ref, subject_version=turn,
                given={"step": 1, "text": "as it was given"}, came_of_it={"execution": turn},
                says=f"{kind.title.lower()}: {subject}", via="page",
            )  # fmt: skip
            asked = entry if asks else None
            yield entry, thread.refs(subject)

    batch: list[tuple[Entry, set[str]]] = []
    for thread in threads:
        batch += rows(thread, each + (size.long if thread is long else 0))
        if len(batch) > 5_000:
            _append(batch)
            batch = []
    _append(batch)


def _append(batch: list[tuple[Entry, set[str]]]) -> None:
    Entry.objects.bulk_create(entry for entry, _ in batch)
    mentions = (Mention(entry=entry, ref=ref) for entry, refs in batch for ref in sorted(refs))
    _save(mentions, Mention)


def _area(name: str) -> Area:
    return {"maintenance": Area.MAINTENANCE, "monitoring": Area.MONITORING}.get(
        name.partition(".")[0], Area.INCIDENT_RESPONSE
    )


def _asks(count: int, now: datetime) -> None:
    """Open requests of juniors about the runs of open incidents; the first in the long one."""
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    juniors = Person.objects.filter(username__in=["person-0", "person-4"])
    incidents = Incident.objects.filter(state__in=Incident.OPEN).order_by("-pk")[1:]
    asks = []
    for turn in range(count):
        incident = incidents[turn % len(incidents)]
        run = Run.objects.get(about=incident.ref)
        entry = Entry(
            pk=last + 1 + turn, at=now - timedelta(seconds=turn), kind="runbooks.answer_step",
            by=juniors[turn % 2], state="asked", mode="guided", rule="level", reason="",
            area=Area.INCIDENT_RESPONSE, at_tier=0, standing=1, subject=run.ref,
            subject_version=0, given={"step": 1, "value": "node-1"},
            came_of_it={"effect": ["record node = node-1"]}, says="answered step 1", via="page",
        )  # fmt: skip
        asks.append((entry, {run.ref, incident.ref, *(other.ref for other in incident.thread())}))
    _append(asks)


def _paging(random: Random, now: datetime, people: list[Person], threads: list[Thread]) -> None:
    reader = _reader(people)
    policy = EscalationPolicy.objects.create(slug="all", name="Everybody", for_rest=True)
    changes = [Change(alert=t.alert, after="firing", processed_at=now) for t in threads]
    _save(changes, Change)
    escalations = [
        Escalation(alert=t.alert, change=change, policy=policy, edition=1,
                   state="ended" if t.incident.over else "calling")
        for t, change in zip(threads, changes, strict=True)
    ]  # fmt: skip
    _save(escalations, Escalation)
    _save(
        (
            Page(escalation=escalation, person=reader if n < 2 else random.choice(people), taken=0,
                 due_at=now, state="sent" if n < 2 else "ended")
            for n, escalation in enumerate(reversed(escalations))
        ),
        Page,
    )  # fmt: skip
    _save(
        (
            Silence(matchers=[{"name": "instance", "value": f"host-{n + 30}", "isRegex": False,
                               "isEqual": True}],
                    starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=n),
                    by=reader, comment="being replaced")
            for n in range(-10, 10)
        ),
        Silence,
    )  # fmt: skip


def _work(
    random: Random, now: datetime, people: list[Person], components: list[Component],
    threads: list[Thread],
) -> None:  # fmt: skip
    """Reports and improvements, a few of them the reader's."""
    reader = _reader(people)
    _save(
        (
            Report(by=random.choice(people[:2]), component=random.choice(components), level=1,
                   what="The curve bends", query="up", start=now - timedelta(hours=1), end=now,
                   answer="open" if n % 500 == 0 else "real", freeze_after=None)
            for n in range(2_000)
        ),
        Report,
    )  # fmt: skip
    _save(
        (
            Improvement(about=t.incident.ref, title="Alert earlier", area=Area.MONITORING,
                        proposed_by=random.choice(people), expected="fewer pages",
                        owner=reader if n < 3 else random.choice(people),
                        state="accepted" if n < 3 else "done", due=now.date())
            for n, t in enumerate(reversed(threads[::4]))
        ),
        Improvement,
    )  # fmt: skip
