"""What needs the reader now, most urgent first: pages, go-aheads, seats, changes, growth."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from watchbill.acts import timeline
from watchbill.acts.registry import KINDS
from watchbill.commitments.reads import waiting_for as offered_to
from watchbill.incidents.models import Incident, Seat, Task
from watchbill.incidents.reads import to_look_back_on
from watchbill.investigations import reads as investigations
from watchbill.ladder import judged
from watchbill.ladder.models import Judgement
from watchbill.ladder.reads import Matrix, matrix
from watchbill.maintenance.models import Change, Progress
from watchbill.monitoring.reads import waiting_for
from watchbill.paging.reads import open_pages
from watchbill.people.models import Person
from watchbill.practice.models import Improvement, Review
from watchbill.practice.reads import to_confirm, to_countersign
from watchbill.seats import reads as standing
from watchbill.tours.reads import to_be_seen

MOST = 8  # of each sort


@dataclass(frozen=True)
class Need:
    """One row of the list: `kind` and `mark` make its tag, `url` the one thing to do about it."""

    kind: str
    mark: str
    title: str
    detail: str
    url: str
    label: str
    since: datetime | None = None


def needs_of(person: Person, place: Matrix | None = None) -> list[Need]:
    """Everything, most urgent first. `place` is where the person stands, if it is known already."""
    unseen = (place or matrix(person)).unseen
    return [
        *_pages(person),
        *_asked(person),
        *_waiting(person),
        *_seats(person),
        *_standing_seats(person),
        *_tasks(person),
        *_look_backs(person),
        *_changes(person),
        *_improvements(person),
        *_reviews(person),
        *_reports(person),
        *_investigations(person),
        *_commitments(person),
        *_walks(person),
        *_growth(person, unseen),
    ]


def _pages(person: Person) -> Iterator[Need]:
    for page in open_pages(person)[:MOST]:
        yield Need(
            "bad", "page", str(page.alert), page.alert.summary or "You are paged for it.",
            reverse("paging:page", args=[page.pk]), "Acknowledge", page.sent_at,
        )  # fmt: skip


def _asked(person: Person) -> Iterator[Need]:
    for ask in timeline.asks_for(person)[:MOST]:
        title = KINDS[ask.kind].title
        yield Need(
            "guide", "go-ahead", f"{ask.by} asks: {title}",
            "; ".join(ask.came_of_it.get("effect", [])) or ask.says,
            reverse("acts:asks"), "Answer", ask.at,
        )  # fmt: skip


def _waiting(person: Person) -> Iterator[Need]:
    for ask in timeline.asks_by(person)[:MOST]:
        yield Need(
            "guide", "you asked", KINDS[ask.kind].title, "A guide sees it now.",
            reverse("acts:asks"), "See", ask.at,
        )  # fmt: skip


def _seats(person: Person) -> Iterator[Need]:
    seats = Seat.objects.filter(person=person, until=None, incident__state__in=Incident.OPEN)
    for seat in seats.select_related("incident").order_by("-since")[:MOST]:
        role = seat.get_role_display().lower()
        yield Need(
            "bad" if seat.role == Seat.Role.LEAD else "warn", seat.incident.how_bad.short,
            seat.incident.title, f"You hold a seat: {role}.",
            reverse("incidents:room", args=[seat.incident_id]), "Go there", seat.since,
        )  # fmt: skip


def _standing_seats(person: Person) -> Iterator[Need]:
    """A watch that is handed over to them, and what they were asked to hold."""
    for row in standing.rows(standing.waiting_for(person)[:MOST]):
        seat = row.seat
        address = reverse("seats:seat", args=[seat.pk])
        if seat.handed_to_id == person.pk:
            yield Need(
                "warn", "hand-over", f"{seat.holder} hands over to you: {row.title}",
                seat.handover, address, "Read and accept", seat.handed_at,
            )  # fmt: skip
        else:
            asked_by = seat.given_by or "Somebody"
            yield Need(
                "deep", "seat", row.title, f"{asked_by} asks you to hold it.",
                address, "Accept", seat.since,
            )  # fmt: skip


def _tasks(person: Person) -> Iterator[Need]:
    mine = Task.objects.filter(
        owner=person, state=Task.State.TAKEN, incident__state__in=Incident.OPEN
    )
    for task in mine.select_related("incident").order_by("taken_at")[:MOST]:
        yield Need(
            "deep", "task", task.text, f"You own it in {task.incident}.",
            f"{task.get_absolute_url()}#board", "Go on", task.taken_at,
        )  # fmt: skip


def _look_backs(person: Person) -> Iterator[Need]:
    for seat in to_look_back_on(person)[:MOST]:
        other = seat.guide if person.pk == seat.person_id else seat.person
        yield Need(
            "guide", "look back", seat.incident.title, f"A line from you and from {other}.",
            f"{seat.get_absolute_url()}#seats", "Look back", seat.until,
        )  # fmt: skip


def _changes(person: Person) -> Iterator[Need]:
    under_way = Change.objects.filter(started_by=person, state=Change.State.UNDER_WAY)
    for change in under_way.order_by("started_at")[:MOST]:
        yield Need(
            "deep", "change", change.title, "Under way: verify it, or back it out.",
            change.get_absolute_url(), "Go on", change.started_at,
        )  # fmt: skip
    told = Progress.objects.filter(to=person, acknowledged_at=None).select_related("change", "by")
    for report in told.order_by("at")[:MOST]:
        yield Need(
            "deep", "report", f"{report.by} reports on {report.change.title}", report.text,
            report.change.get_absolute_url(), "Acknowledge", report.at,
        )  # fmt: skip


def _improvements(person: Person) -> Iterator[Need]:
    owned = Improvement.objects.filter(owner=person, state=Improvement.State.ACCEPTED)
    for improvement in owned.order_by("due")[:MOST]:
        yield Need(
            "deep", "improvement", improvement.title,
            f"Due {improvement.due:%d %b}." if improvement.due else "No due date yet.",
            reverse("practice:improvement", args=[improvement.pk]), "Carry out",
        )  # fmt: skip
    for improvement in to_confirm(person)[:MOST]:
        yield Need(
            "guide", "effect", improvement.title, "Done and measured: did it help?",
            improvement.get_absolute_url(), "Confirm", improvement.done_at,
        )  # fmt: skip


def _reviews(person: Person) -> Iterator[Need]:
    led = Review.objects.filter(lead=person, state=Review.State.OPEN)
    for review in led.order_by("opened_at")[:MOST]:
        yield Need(
            "deep", "review", review.title, "You lead it; it is open for contributions.",
            reverse("practice:review", args=[review.pk]), "Open", review.opened_at,
        )  # fmt: skip
    for review in to_countersign(person)[:MOST]:
        yield Need(
            "guide", "countersign", review.title, "Published; a second person stands by it.",
            review.get_absolute_url(), "Read", review.published_at,
        )  # fmt: skip


def _reports(person: Person) -> Iterator[Need]:
    for report in waiting_for(person)[:MOST]:
        yield Need(
            "warn", "anomaly", report.what, f"{report.by} reported it.",
            report.get_absolute_url(), "Answer", report.at,
        )  # fmt: skip


def _investigations(person: Person) -> Iterator[Need]:
    for analysis in investigations.to_note(person)[:MOST]:
        yield Need(
            "guide", "oversight", analysis.investigation.title,
            f"{analysis.overseen_by} {analysis.oversight} its analysis.",
            analysis.get_absolute_url(), "Take note", analysis.overseen_at,
        )  # fmt: skip
    for finding in investigations.to_judge(person)[:MOST]:
        yield Need(
            "deep", "finding", finding.text, f"{finding.by} found it for your hypothesis.",
            finding.get_absolute_url(), "Judge", finding.at,
        )  # fmt: skip
    for analysis in investigations.to_accept(person)[:MOST]:
        yield Need(
            "deep", "analysis", analysis.investigation.title,
            f"{analysis.author} published an analysis.",
            analysis.get_absolute_url(), "Judge", analysis.at,
        )  # fmt: skip


def _commitments(person: Person) -> Iterator[Need]:
    for one in offered_to(person)[:MOST]:
        yield Need(
            "guide", "commitment", f"{one.by} asks {one.other_side}: go or no-go?", one.what,
            one.get_absolute_url(), "Answer", one.at,
        )  # fmt: skip


def _walks(person: Person) -> Iterator[Need]:
    for walk in to_be_seen(person)[:MOST]:
        yield Need(
            "guide", walk.sort, walk.title, f"{walk.person} finished it: see what they found.",
            walk.get_absolute_url(), "See", walk.finished_at,
        )  # fmt: skip


def _growth(person: Person, unseen: list[Judgement]) -> Iterator[Need]:
    for said in unseen[:MOST]:
        kind, told = "good", said.reason
        if said.word == Judgement.Word.RETURNED:
            kind, told = "warn", f"{said.reason} Next: {said.next_act}."
        if said.answer:
            told = f"Your contest was answered, {said.get_answer_display()}: {said.answer_why}"
        yield Need(
            kind, said.word, f"{said.duty.key} was {said.word} by {said.by}",
            told or said.duty.text, _line(person, said), "See", said.at,
        )  # fmt: skip
    for said in judged.contests_for(person)[:MOST]:
        yield Need(
            "warn", "contest", f"{said.person} contests {said.duty.key}, {said.word} by {said.by}",
            said.contest, _line(said.person, said), "Answer", said.contested_at,
        )  # fmt: skip
    for asked in judged.raises_for(person)[:MOST]:
        yield Need(
            "deep", "raise", f"{asked.person} asks for L{asked.level} in "
            f"{asked.area.replace('-', ' ')}", "Every duty it rests on is signed or waived.",
            asked.get_absolute_url(), "Answer", asked.at,
        )  # fmt: skip


def _line(person: Person, said: Judgement) -> str:
    address = reverse("ladder:person", args=[person.username])
    return f"{address}?duty={said.duty.key}#{said.duty.key}"
