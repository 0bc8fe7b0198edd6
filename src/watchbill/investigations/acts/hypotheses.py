"""What people do with hypotheses: propose, take, test, settle."""

from typing import Annotated, Literal

from watchbill.acts.given import CannotBeDone, Field
from watchbill.acts.kinds import Outcome, act
from watchbill.investigations.acts import must
from watchbill.investigations.models import Finding, Hypothesis, Investigation
from watchbill.lib import clock
from watchbill.people.models import Person

# What a verdict rests on, and how that is said.
NEEDS = {
    "supported": (Finding.Says.SUPPORTS, "supports it"),
    "ruled-out": (Finding.Says.RULES_OUT, "rules it out"),
}


@act(
    "suggest",
    duties="IR-L1-2",
    says="proposed the hypothesis “{text}”",
    title="Propose a hypothesis",
)
def propose(
    investigation: Investigation,
    by: Person,
    *,
    text: Annotated[
        str, Field(label="What could be the cause?", help="So that it could be shown wrong.")
    ],
) -> Outcome:
    """Name a possible cause. You own it until somebody takes it to test it."""
    must.be_open(investigation)
    said = must.be_said(text, 500, field="text", what="Say what could be the cause.")
    if investigation.hypotheses.filter(text__iexact=said).exists():
        raise CannotBeDone("It is proposed already.", field="text", hint="Add a finding to it.")
    made = Hypothesis.objects.create(
        investigation=investigation, text=said, owner=by, proposed_by=by
    )
    return {"ref": made.ref}


@act("investigate", duties="IR-L2-2", says="tests the hypothesis “{on}” from now on", title="Take")
def take_hypothesis(hypothesis: Hypothesis, by: Person) -> Outcome:
    """Own it: put it to the test, and judge what others find about it."""
    must.be_open(hypothesis.investigation)
    if hypothesis.owner_id == by.pk:
        raise CannotBeDone("It is yours already.")
    hypothesis.owner = by
    hypothesis.save(update_fields=["owner"])
    return {}


@act(
    "investigate",
    duties="IR-L1-2 IR-L2-2 MO-L2-3",
    says="tested “{on}”: expected {expected}; saw {saw}",
    title="Test",
    moves=False,
)
def test_hypothesis(
    hypothesis: Hypothesis,
    by: Person,
    *,
    expected: Annotated[str, Field(label="If it is true, one would see")],
    saw: Annotated[str, Field(label="What you saw", long=True)],
    says: Annotated[Literal["supports", "rules-out", "nothing"], Field(label="Which")],
) -> Outcome:
    """Look for what it predicts, best for what would rule it out, and write down what you saw."""
    must.be_open(hypothesis.investigation)
    _must_own(hypothesis, by)
    made = Finding.objects.create(
        investigation=hypothesis.investigation, hypothesis=hypothesis, by=by,
        expected=must.be_said(expected, 500, field="expected", what="Say what it predicts."),
        text=must.be_said(saw, 1000, field="saw", what="Say what you saw."),
        says=says, judged_by=by, judged_at=clock.now(),
    )  # fmt: skip
    return {"ref": made.ref}


@act(
    "investigate",
    duties="IR-L1-2 IR-L2-2",
    says="holds “{on}” to be {verdict}: {because}",
    title="Settle",
)
def settle_hypothesis(
    hypothesis: Hypothesis,
    by: Person,
    *,
    verdict: Literal["supported", "ruled-out", "open"],
    because: Annotated[str, Field(long=True, label="Because")],
) -> Outcome:
    """Say what the tests made of it. It can be settled anew while the investigation is open."""
    must.be_open(hypothesis.investigation)
    _must_own(hypothesis, by)
    if hypothesis.state == verdict:
        raise CannotBeDone(f"It is {hypothesis.get_state_display()} already.", field="verdict")
    if verdict in NEEDS and not hypothesis.findings.filter(says=NEEDS[verdict][0]).exists():
        raise CannotBeDone(
            f"No finding {NEEDS[verdict][1]} yet.",
            field="verdict", hint="Test it, or judge what others found.",
        )  # fmt: skip
    hypothesis.because = must.be_said(because, 1000, field="because", what="Say why.")
    hypothesis.state = Hypothesis.State(verdict)
    hypothesis.settled_at = None if verdict == "open" else clock.now()
    hypothesis.save(update_fields=["because", "state", "settled_at"])
    return {}


def _must_own(hypothesis: Hypothesis, by: Person) -> None:
    if by.pk != hypothesis.owner_id:
        raise CannotBeDone(f"{hypothesis.owner} owns it.", hint="Take it, or add a finding to it.")
