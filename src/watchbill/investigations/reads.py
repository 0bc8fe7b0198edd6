"""What the pages of investigations show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from watchbill.investigations import protocols, together
from watchbill.investigations.completeness import COMPLETE
from watchbill.investigations.models import (
    Analysis,
    Finding,
    Hypothesis,
    Investigation,
    Part,
    Step,
)
from watchbill.investigations.settled import Settling, settling
from watchbill.lib import clock
from watchbill.lib.levels import Area, Tier
from watchbill.people.models import Person
from watchbill.people.subject import Subject

State = Investigation.State
MOST = 10  # investigations beside one thing
SENIOR = 3  # the level from which analyses are judged
AREAS = [(area.value, area.title) for area in Area]


def investigations() -> QuerySet[Investigation]:
    """The open ones first, then the newest."""
    return Investigation.objects.select_related("owner").order_by("-state", "-pk")


def listed(asked: Mapping[str, str], reader: Person) -> QuerySet[Investigation]:
    """Those of an area, the reader's own with `mine`; each with how much was found."""
    found = investigations()
    if asked.get("area"):
        found = found.filter(area=asked["area"])
    if asked.get("mine"):
        theirs = Q(owner=reader) | Q(parts__by=reader) | Q(hypotheses__owner=reader)
        found = found.filter(pk__in=Investigation.objects.filter(theirs).values("pk"))
    return found.annotate(
        found_out=_counted(Finding.objects.all()),
        open_causes=_counted(Hypothesis.objects.filter(state=Hypothesis.State.OPEN)),
    )


def _counted(inside: QuerySet[Any]) -> Coalesce:
    """How many of them lie in each investigation, each sort counted apart."""
    here = inside.filter(investigation=OuterRef("pk")).order_by().values("investigation")
    return Coalesce(Subquery(here.annotate(many=Count("pk")).values("many")), 0)


def open_now() -> int:
    """How many are open."""
    return Investigation.objects.filter(state=State.OPEN).count()


def about(subject: Subject) -> list[Investigation]:
    """The investigations of one thing, or that it settles as a change; the open ones first."""
    theirs = Q(about=subject.ref) | Q(settled_with=subject.ref)
    return list(investigations().filter(theirs)[:MOST])


def to_judge(person: Person) -> QuerySet[Finding]:
    """What others found about hypotheses of this person, oldest first."""
    found = Finding.objects.filter(
        says="", hypothesis__owner=person, investigation__state=State.OPEN
    )
    return found.exclude(by=person).select_related("by", "investigation").order_by("pk")


def to_note(person: Person) -> QuerySet[Analysis]:
    """Analyses that were overseen, of investigations that this person leads, oldest first."""
    found = Analysis.objects.filter(noted_at=None, investigation__owner=person)
    return (
        found.exclude(oversight="").exclude(overseen_by=person)
        .select_related("overseen_by", "investigation").order_by("pk")
    )  # fmt: skip


def to_accept(person: Person) -> QuerySet[Analysis]:
    """Analyses of others that wait for a senior, where this person is one, oldest first."""
    senior = [area.value for area in Area if person.level(area.value) >= SENIOR]
    found = Analysis.objects.filter(state=Analysis.State.PUBLISHED, investigation__area__in=senior)
    return found.exclude(author=person).select_related("author", "investigation").order_by("pk")


@dataclass(frozen=True)
class Judged:
    """An analysis as the page shows it: what of the list of completeness is there."""

    analysis: Analysis
    points: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Case:
    """One investigation with everything in it."""

    investigation: Investigation
    hypotheses: Sequence[tuple[Hypothesis, Sequence[Finding]]]
    loose: Sequence[Finding]
    steps: Sequence[Step]
    parts: Sequence[Part]
    analyses: Sequence[Judged]
    people: Sequence[Person]
    settling: Settling

    @property
    def to_do(self) -> int:
        """Steps of the protocol that are neither ticked nor left."""
        return sum(not step.settled for step in self.steps)

    @property
    def next_step(self) -> Step | None:
        """The first that nobody has answered."""
        return next((step for step in self.steps if not step.settled), None)

    @property
    def window_over(self) -> bool:
        """The change that settles it was made long enough ago."""
        return self.settling.until is not None and clock.now() >= self.settling.until

    @property
    def overseen(self) -> bool:
        """A lead holds its analysis against the list."""
        one = self.investigation
        critical = one.complex or one.tier is Tier.CRITICAL
        return one.area == Area.INCIDENT_RESPONSE and critical

    @property
    def sentence(self) -> str:
        """Where it stands, in words."""
        one = self.investigation
        if not one.is_open:
            return f"Closed: {one.get_conclusion_display()}."
        if not self.hypotheses:
            return "No hypothesis yet. Name a possible cause, so that it can be shown wrong."
        causes = [hypothesis for hypothesis, _ in self.hypotheses]
        untested = sum(one.state == Hypothesis.State.OPEN for one in causes)
        if untested:
            many = "hypothesis is" if untested == 1 else "hypotheses are"
            return f"{untested} {many} open; {self.to_do} steps of the protocol to go."
        if self.to_do:
            return f"Every hypothesis is settled; {self.to_do} steps of the protocol to go."
        return "Every hypothesis is settled and the protocol is done: it can be closed."


def case(number: int) -> Case | None:
    """The investigation with this number; None when there is none."""
    people = ("owner", "read_by", "settled_by", "confirmed_by")
    one = Investigation.objects.select_related(*people).filter(pk=number).first()
    if one is None:
        return None
    hypotheses = list(one.hypotheses.select_related("owner").order_by("pk"))
    by_hypothesis: dict[int | None, list[Finding]] = {}
    owners = {hypothesis.pk: hypothesis for hypothesis in hypotheses}
    for finding in one.findings.select_related("by", "judged_by").order_by("pk"):
        if finding.hypothesis_id is not None:
            finding.hypothesis = owners[finding.hypothesis_id]
        by_hypothesis.setdefault(finding.hypothesis_id, []).append(finding)
    analyses = one.analyses.select_related("author", "judged_by", "overseen_by")
    return Case(
        investigation=one,
        hypotheses=[(each, by_hypothesis.get(each.pk, [])) for each in hypotheses],
        loose=by_hypothesis.get(None, []),
        steps=list(one.steps.select_related("by")),
        parts=list(one.parts.select_related("by", "added_by").order_by("pk")),
        analyses=[
            Judged(each, [(text, key not in each.lacking) for key, text in COMPLETE.items()])
            for each in analyses.prefetch_related("affected").order_by("-pk")
        ],
        people=together.contributors(one),
        settling=settling(one),
    )


def next_for(found: Case, reader: Person) -> tuple[str, str]:
    """The act that this person should do now on the investigation itself, and its label."""
    one = found.investigation
    if not one.is_open:
        read = one.read_by_id is None and one.owner_id != reader.pk
        return ("investigations.confirm_reading", "I read it and followed it") if read else ("", "")
    if not found.hypotheses:
        return "investigations.propose", "Propose a hypothesis"
    settled = all(each.state != Hypothesis.State.OPEN for each, _ in found.hypotheses)
    if one.owner_id == reader.pk and settled and not found.to_do:
        return "investigations.close", "Close it"
    return "investigations.add_finding", "Add a finding"


def protocols_in_force() -> list[dict[str, Any]]:
    """Each protocol, as its page shows it and as a form to publish another edition is filled."""
    return [{"one": one, "lines": "\n".join(one.steps)} for one in protocols.in_force().values()]
