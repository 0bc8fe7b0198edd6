"""What people do with findings: add one, attach it, judge what it says."""

from datetime import datetime
from typing import Annotated, Any, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.acts.shown import Show
from watchbill.investigations.acts import must
from watchbill.investigations.models import Finding, Hypothesis, Investigation
from watchbill.lib import clock
from watchbill.lib.levels import Area
from watchbill.people.models import Person
from watchbill.people.subject import Subject, UnknownSubject, find
from watchbill.practice.about import area_of

MOST_LOG = 20_000  # characters of an extract
TELLING = (Finding.Says.SUPPORTS, Finding.Says.RULES_OUT)


@act(
    "note",
    area=area_of,
    duties="IR-L1-2 MO-L2-3",
    says="found: {text}",
    title="Add a finding",
)
def add_finding(
    on: Subject,  # a hypothesis, or the investigation while it belongs to none
    by: Person,
    *,
    text: Annotated[str, Field(label="What did you find?", help="In a sentence, as you saw it.")],
    query: Annotated[str, Field(label="PromQL", help="Its chart is kept as it is now.")] = "",
    start: Annotated[datetime | None, Field(label="Since")] = None,
    end: Annotated[datetime | None, Field(label="Until", help="Empty: until now.")] = None,
    log: Annotated[str, Field(label="Log extract", long=True)] = "",
    reference: Annotated[
        str, Field(label="Refers to", help="A change or alert, such as maintenance.change:12.")
    ] = "",
) -> Outcome:
    """Add what you know to a hypothesis: a log extract, a stretch of a chart, a change."""
    if isinstance(on, Hypothesis):
        investigation, hypothesis = on.investigation, on
    elif isinstance(on, Investigation):
        investigation, hypothesis = on, None
    else:
        raise CannotBeDone("A finding belongs to an investigation.", field="on")
    must.be_open(investigation)
    if len(log) > MOST_LOG:
        raise CannotBeDone(
            f"An extract has at most {MOST_LOG:,} characters.", field="log",
            hint="The lines that tell it are enough.",
        )  # fmt: skip
    made = Finding.objects.create(
        investigation=investigation, hypothesis=hypothesis, by=by, log=log.strip("\n"),
        text=must.be_said(text, 1000, field="text", what="Say what you found."),
        **must.be_a_chart(query, start, end), **_reference(reference),
    )  # fmt: skip
    return {"ref": made.ref}


def _reference(ref: str) -> dict[str, Any]:
    """The columns that cite another thing: as it is called now, with the way to it."""
    if not ref.strip():
        return {}
    try:
        cited = find(ref.strip())
    except UnknownSubject as error:
        said = str(error)
        raise CannotBeDone(f"{said[:1].upper()}{said[1:]}.", field="reference") from None
    where = getattr(cited, "get_absolute_url", None)
    return {
        "reference": cited.ref, "reference_title": str(cited)[:200],
        "reference_url": where() if where else "",
    }  # fmt: skip


def _hypotheses(finding: Any) -> list[tuple[str, str]]:
    there = finding.investigation.hypotheses.order_by("pk")
    return [(str(one.pk), one.text) for one in there]


@act("note", says="put “{on}” to the hypothesis “{cause}”", title="Put it to a hypothesis")
def attach_finding(
    finding: Finding, by: Person, *, hypothesis: Annotated[int, Field(choices=_hypotheses)]
) -> Outcome:
    """Say which hypothesis it is about, while nobody judged it."""
    must.be_open(finding.investigation)
    if finding.says:
        raise CannotBeDone("It was judged already.", hint="Add it there as a new finding.")
    found = finding.investigation.hypotheses.filter(pk=hypothesis).first()
    if found is None:
        raise CannotBeDone("There is no such hypothesis in it.", field="hypothesis")
    finding.hypothesis = found
    finding.save(update_fields=["hypothesis"])
    return {"cause": str(found), "ref": found.ref}


@act(
    "investigate",
    duties="IR-L2-2",
    shows="IR-L1-2",
    says="judged “{on}”: {says_it}",
    title="Judge",
)
def judge_finding(
    finding: Finding,
    by: Person,
    *,
    says: Annotated[Literal["supports", "rules-out", "nothing"], Field(label="It")],
    word: Annotated[str, Field(label="A word back", help="To whoever found it.")] = "",
) -> Outcome:
    """Say what a finding says about your hypothesis. Once judged it stands."""
    must.be_open(finding.investigation)
    hypothesis = finding.hypothesis
    if hypothesis is None:
        raise CannotBeDone("It belongs to no hypothesis.", hint="Put it to one first.")
    if by.pk != hypothesis.owner_id:
        raise CannotBeDone(f"{hypothesis.owner} owns the hypothesis.", hint="Or take that first.")
    if finding.says:
        raise CannotBeDone("It was judged already.", hint="What you know since is a new finding.")
    finding.says, finding.word = Finding.Says(says), word.strip()[:500]
    finding.judged_by, finding.judged_at = by, clock.now()
    finding.save(update_fields=["says", "word", "judged_by", "judged_at"])
    used = finding.says in TELLING and finding.by_id != by.pk
    shows = used and finding.area == Area.INCIDENT_RESPONSE
    return {
        "says_it": finding.get_says_display(),
        "shows": [Show("IR-L1-2", finding.by, on=finding, witness=by)] if shows else [],
    }
