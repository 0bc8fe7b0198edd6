"""Five steps for a visitor. How far they are is read from the ledger, since the last start over."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from watchbill.acts.web import Request
from watchbill.alerts.models import Alert
from watchbill.demo.models import Scene
from watchbill.incidents.models import Incident
from watchbill.lib.levels import Area
from watchbill.people import example
from watchbill.people.models import Person
from watchbill.runbooks.models import Run

BY_A_VISITOR = ("page", "rest", "cli")  # the doors people come in through; colleagues use none
LEARNER, GUIDES, SIGNER = "junior", ("senior", "associate"), "senior"
TO_SIGN = "MO-L1-3"  # the example has a report of hers, that no guide alone saw


@dataclass(frozen=True)
class Link:
    """Where to do it."""

    label: str
    url: str
    dialog: bool = False
    beside: bool = False  # in a tab of its own: another person's address


@dataclass(frozen=True)
class Step:
    """One thing to do, how to, and where."""

    title: str
    how: str
    done: bool
    links: tuple[Link, ...] = ()
    current: bool = False
    breaks: bool = False  # its buttons break the example


def steps(request: Request) -> list[Step]:
    """All five; the first that is not done is the current one."""
    since, where = Scene.now().begun_at, _Where(request)
    found = [
        Step(
            "Break something",
            "A fault is really put into the shop. Its alert fires within half a minute.",
            _did(since, "demo.break_it"),
            breaks=True,
        ),
        Step(
            "See the alert, and take part",
            "It appears on this page by itself. Declare the incident and join it, or say that you "
            "have it.",
            _did(
                since, "incidents.join_under_instruction", "incidents.take_seat",
                "incidents.take_lead", "paging.acknowledge",
            ),
            where.alert(),
        ),
        Step(
            "As the junior, ask for a step of the runbook",
            "Start the runbook in the incident's room and ask for its step. A colleague sees "
            "exactly what would happen and lets you go ahead.",
            _did(since, "runbooks.run_step", "runbooks.answer_step", guided=True),
            where.runbook(),
        ),
        Step(
            "Look back, and see the evidence on the ladder",
            "Write your line under the step you were guided in. The ladder shows what it was "
            "evidence for, with its witness.",
            _did(since, "practice.debrief"),
            where.evidence(),
        ),
        Step(
            "Be the guide, and sign a duty",
            "As the junior ask for the next step; as a guide, at an address beside it, answer the "
            "ask. Then sign, as the senior, a duty on the junior's ladder, such as her report of "
            "an anomaly: with less than the rules ask you write the reason, and what you alone "
            "saw somebody else signs.",
            _guided(since) and _did(since, "ladder.sign_duty"),
            (*where.guide(), *where.signing()),
        ),
    ]  # fmt: skip
    to_do = [step for step in found if not step.done]
    return [Step(**{**vars(step), "current": bool(to_do) and step is to_do[0]}) for step in found]


def _did(since: datetime, *kinds: str, guided: bool = False) -> bool:
    """Somebody did one of these as an example person, through a door of people."""
    found = Person.objects.filter(
        example=True, entries__kind__in=kinds, entries__state="done", entries__at__gt=since,
        **({"entries__guide__isnull": False} if guided else {}),
        entries__via__in=("work", *BY_A_VISITOR) if guided else BY_A_VISITOR,
    )  # fmt: skip
    return found.exists()


def _guided(since: datetime) -> bool:
    """Somebody answered what was asked as an example person, and was no colleague."""
    return Person.objects.filter(
        example=True, guided__at__gt=since, guided__via__in=BY_A_VISITOR
    ).exists()


class _Where:
    """Where each step is done now, as far as that is there yet."""

    def __init__(self, request: Request) -> None:
        self.request = request
        open_ones = Incident.objects.filter(state__in=Incident.OPEN, declared_by__example=True)
        self.incident = open_ones.order_by("-pk").first()

    def alert(self) -> tuple[Link, ...]:
        """The room, or the form that declares what fires."""
        if self.incident is not None:
            return (Link("Open the room", self.incident.get_absolute_url()),)
        firing = Alert.objects.filter(state=Alert.State.FIRING).order_by("-starts_at").first()
        if firing is None:
            return ()
        form = f"{reverse('incidents:declare')}?alert={firing.pk}"
        return (Link("Declare an incident", form, dialog=True),)

    def runbook(self) -> tuple[Link, ...]:
        """The run, or the room in which it is started; a junior's address for who stands higher."""
        run = self._run()
        if self.request.user.level(Area.INCIDENT_RESPONSE) > 1:
            path = run.get_absolute_url() if run else "/"
            url = example.address_of(LEARNER, self.request, path)
            return (Link("Be the junior", url, beside=True),)
        if run is not None:
            return (Link("Open the run", run.get_absolute_url()),)
        room = self.incident
        return (Link("Open the room", room.get_absolute_url()),) if room else ()

    def evidence(self) -> tuple[Link, ...]:
        """The run with its steps, and the reader's place."""
        run = self._run()
        ladder = Link("Your place", reverse("ladder:ladder"))
        return (Link("Open the run", run.get_absolute_url()), ladder) if run else (ladder,)

    def guide(self) -> tuple[Link, ...]:
        """The address of somebody who guides, and is not the reader."""
        who = next(name for name in GUIDES if name != self.request.user.username)
        name = Person.objects.filter(username=who).values_list("name", flat=True).first()
        url = example.address_of(who, self.request)
        return (Link(f"Be {name or who}", url, beside=True),)

    def signing(self) -> tuple[Link, ...]:
        """The junior's ladder, as the senior reads it, at a duty that she can sign."""
        line = f"{reverse('ladder:person', args=[LEARNER])}?duty={TO_SIGN}#{TO_SIGN}"
        if self.request.user.username == SIGNER:
            return (Link("Sign a duty", line),)
        return (Link("Sign a duty", example.address_of(SIGNER, self.request, line), beside=True),)

    def _run(self) -> Run | None:
        return Run.objects.filter(started_by__example=True).order_by("-pk").first()
