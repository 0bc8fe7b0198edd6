"""Hypotheses, findings and parts: what is free, who judges, what is refused."""

from datetime import timedelta

import pytest
from tests.investigations.conftest import Open, found, supported, ticked

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.catalog.models import Component
from watchbill.investigations import acts, together
from watchbill.investigations.models import Hypothesis, Investigation
from watchbill.lib import clock
from watchbill.people.models import Person


def test_a_hypothesis_is_proposed_once(case: Investigation, cause: Hypothesis, jun: Person) -> None:
    with pytest.raises(CannotBeDone, match="proposed already"):
        acts.propose.perform(jun, case, text="the pool is TOO small")
    with pytest.raises(CannotBeDone, match="could be the cause"):
        acts.propose.perform(jun, case, text="")


def test_only_its_owner_tests_and_settles(cause: Hypothesis, ann: Person, sam: Person) -> None:
    given = {"expected": "full", "saw": "full", "says": "supports"}
    with pytest.raises(CannotBeDone, match="Ann owns it"):
        acts.test_hypothesis.perform(sam, cause, **given)  # type: ignore[arg-type]
    with pytest.raises(CannotBeDone, match="Ann owns it"):
        acts.settle_hypothesis.perform(sam, cause, verdict="supported", because="It is.")
    with pytest.raises(CannotBeDone, match="yours already"):
        acts.take_hypothesis.perform(ann, cause)
    acts.take_hypothesis.perform(sam, cause)
    acts.test_hypothesis.perform(sam, cause, **given)  # type: ignore[arg-type]
    acts.settle_hypothesis.perform(sam, cause, verdict="supported", because="It is.")
    cause.refresh_from_db()
    assert (cause.owner, cause.state) == (sam, "supported")


@pytest.mark.parametrize(
    ("verdict", "says"), [("supported", "supports it yet"), ("ruled-out", "rules it out yet")]
)
def test_a_verdict_rests_on_a_finding(
    cause: Hypothesis, ann: Person, jun: Person, verdict: str, says: str
) -> None:
    found(cause, jun)
    with pytest.raises(CannotBeDone, match=says):
        acts.settle_hypothesis.perform(ann, cause, verdict=verdict, because="So.")  # type: ignore[arg-type]
    with pytest.raises(CannotBeDone, match="open already"):
        acts.settle_hypothesis.perform(ann, cause, verdict="open", because="So.")


def test_a_finding_keeps_what_it_refers_to(cause: Hypothesis, jun: Person, shop: Component) -> None:
    one = found(cause, jun, log="\n a\nb\n", reference=" catalog.component:shop ")
    assert (one.reference, one.reference_title) == (shop.ref, "Shop")
    assert (one.reference_url, one.log) == (shop.get_absolute_url(), " a\nb")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"text": " "}, "what you found"),
        ({"log": "x" * 20_001}, "at most 20,000"),
        ({"reference": "maintenance.change:99"}, "There is no change"),
        ({"reference": "nonsense"}, "no kind of thing"),
        ({"query": "up"}, "Since when"),
        ({"start": clock.now()}, "without a query"),
        ({"query": "up", "start": clock.now() + timedelta(hours=1)}, "ends before"),
    ],
)
def test_a_finding_makes_sense(
    cause: Hypothesis, jun: Person, given: dict[str, object], says: str
) -> None:
    with pytest.raises(CannotBeDone, match=says):
        found(cause, jun, **given)


def test_a_finding_belongs_to_an_investigation(jun: Person, shop: Component) -> None:
    with pytest.raises(CannotBeDone, match="belongs to an investigation"):
        acts.add_finding.perform(jun, shop, text="It is slow")


def test_a_loose_finding_is_put_to_a_hypothesis(
    case: Investigation, cause: Hypothesis, opens: Open, ann: Person, jun: Person
) -> None:
    loose = found(case, jun)
    with pytest.raises(CannotBeDone, match="belongs to no hypothesis"):
        acts.judge_finding.perform(ann, loose, says="supports")
    acts.propose.perform(ann, opens(), text="Elsewhere")
    elsewhere = Hypothesis.objects.latest("pk")
    with pytest.raises(CannotBeDone, match="no such hypothesis"):
        acts.attach_finding.perform(jun, loose, hypothesis=elsewhere.pk)
    acts.attach_finding.perform(jun, loose, hypothesis=cause.pk)
    acts.judge_finding.perform(ann, loose, says="supports")
    with pytest.raises(CannotBeDone, match="judged already"):
        acts.attach_finding.perform(jun, loose, hypothesis=cause.pk)


def test_the_owner_judges_once(cause: Hypothesis, ann: Person, jun: Person, sam: Person) -> None:
    one = found(cause, jun)
    with pytest.raises(CannotBeDone, match="Ann owns the hypothesis"):
        acts.judge_finding.perform(sam, one, says="supports")
    acts.judge_finding.perform(ann, one, says="rules-out", word=" Thanks ")
    with pytest.raises(CannotBeDone, match="judged already"):
        acts.judge_finding.perform(ann, one, says="supports")
    one.refresh_from_db()
    assert (one.says, one.word, one.judged_by) == ("rules-out", "Thanks", ann)
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness, shown.on) == ("IR-L1-2", jun, ann, one.ref)


def test_what_says_nothing_or_is_their_own_shows_nothing(
    cause: Hypothesis, ann: Person, jun: Person
) -> None:
    acts.judge_finding.perform(ann, found(cause, jun), says="nothing")
    acts.judge_finding.perform(ann, found(cause, ann), says="supports")
    assert not Shown.objects.exists()


def test_findings_elsewhere_than_in_incidents_do_not_show_assisting_there(
    opens: Open, ann: Person, jun: Person
) -> None:
    case = opens(area="monitoring")
    acts.propose.perform(ann, case, text="The pool")
    acts.judge_finding.perform(ann, found(case.hypotheses.get(), jun), says="supports")
    assert not Shown.objects.exists()


def test_a_part_is_taken_and_finished_by_one(
    case: Investigation, ann: Person, jun: Person, sam: Person, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="to be found out"):
        acts.add_part.perform(jun, case, text="")
    acts.add_part.perform(jun, case, text="The disk")
    part = case.parts.get()
    with pytest.raises(CannotBeDone, match="Only whoever has taken"):
        acts.finish_part.perform(sam, part, result="Fine.")
    acts.take_part.perform(sam, part)
    with pytest.raises(CannotBeDone, match="taken already"):
        acts.take_part.perform(ann, part)
    with pytest.raises(CannotBeDone, match="Sam works on it"):
        acts.drop_part.perform(lea, part, because="Not needed.")
    acts.drop_part.perform(ann, part, because="Not needed.")
    with pytest.raises(CannotBeDone, match="dropped already"):
        acts.drop_part.perform(ann, part, because="Not needed.")
    assert together.finishers(case) == set()


def closed_together(opens: Open, ann: Person, sam: Person, jun: Person) -> Investigation:
    """A monitoring investigation of ann's: sam added a finding, jun too; the part is sam's."""
    case = opens(area="monitoring")
    acts.propose.perform(ann, case, text="The pool")
    found(case, sam)
    found(case, jun)
    acts.add_part.perform(ann, case, text="The disk")
    part = case.parts.get()
    acts.take_part.perform(sam, part)
    acts.finish_part.perform(sam, part, result="Fine.")
    supported(case.hypotheses.get(), ann)
    ticked(case, ann)
    acts.close.perform(
        ann, case, conclusion=Investigation.Conclusion.CONFIRMED, answer="It was the pool."
    )
    return case


def test_who_found_and_finished_has_worked_along(
    opens: Open, ann: Person, sam: Person, jun: Person
) -> None:
    case = closed_together(opens, ann, sam, jun)
    assert together.contributors(case) == [ann, jun, sam]
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("MO-L2-3", sam, ann)


def test_an_owner_alone_shows_no_working_together(opens: Open, ann: Person) -> None:
    case = opens(area="monitoring")
    acts.propose.perform(ann, case, text="The pool")
    supported(case.hypotheses.get(), ann)
    ticked(case, ann)
    acts.close.perform(
        ann, case, conclusion=Investigation.Conclusion.CONFIRMED, answer="It was the pool."
    )
    assert not Shown.objects.exists()
