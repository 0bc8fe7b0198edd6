"""Standards are drafted with checks and a measure; what cannot be evaluated is refused."""

import pytest
from tests.standards.conftest import Draft, run

from watchbill.acts.authority import Effect
from watchbill.acts.given import CannotBeDone
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person
from watchbill.prometheus import BadQuery, Sample, TelemetryAway
from watchbill.runbooks.models import Runbook
from watchbill.standards import acts, reads
from watchbill.standards.models import Check, Standard, StandardVersion

State = StandardVersion.State
PROMQL = ("query=errors", "bound=0.5")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "watched"}, "title"),
        ({"area": "kitchen"}, "area"),
        ({"owner": "nobody"}, "owner"),
    ],
)
def test_a_standard_has_a_name_of_its_own(
    lea: Person, house: House, given: dict, field: str
) -> None:
    terms = {"title": "Watched", "area": "monitoring", "kind": Standard.Kind.QUALITY}
    acts.start_standard.perform(lea, house, **terms)
    with pytest.raises(CannotBeDone) as error:
        acts.start_standard.perform(lea, house, **terms | {"title": "Other"} | given)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": ""}, "text"),
        ({"reason": " "}, "reason"),
        ({"query": "up", "words": "calls", "before": "3"}, "words"),
        ({"words": "calls"}, "before"),
        ({"words": "x" * 501, "before": "3"}, "words"),
    ],
)
def test_a_draft_has_reason_and_at_most_one_measure(draft: Draft, given: dict, field: str) -> None:
    with pytest.raises(CannotBeDone) as error:
        draft(**given)
    assert error.value.field == field


def test_one_draft_at_a_time(draft: Draft, lea: Person) -> None:
    version = draft()
    with pytest.raises(CannotBeDone, match="being written"):
        acts.draft_version.perform(lea, version.standard, text="x", reason="y")


@pytest.mark.parametrize(
    ("check", "given", "said"),
    [
        ("has-soul", (), "no check 'has-soul'"),
        ("has-chart", ("at_most=2",), "has no at_most"),
        ("has-chart", ("at_least=two",), "is a whole number"),
        ("has-chart", ("at_least=0",), "between 1 and 50"),
        ("has-chart", ("at_least",), "is no parameter"),
        ("promql", ("query=up",), "needs bound"),
        ("promql", (*PROMQL, "is=<"), "is one of"),
        ("promql", ("query=", "bound=1"), "1 to 2000 characters"),
        ("promql", ("query=up", "bound=nan"), "between"),
    ],
)
def test_a_check_that_cannot_be_evaluated_is_refused(
    draft: Draft, lea: Person, check: str, given: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CannotBeDone, match=said):
        acts.add_check.perform(lea, draft(), check=check, given=given)
    assert Check.objects.count() == 0


def test_a_check_is_named_once_and_can_be_taken_out(draft: Draft, lea: Person) -> None:
    version = draft()
    acts.add_check.perform(lea, version, check="has-chart", label="Charts", from_tier="critical")
    with pytest.raises(CannotBeDone, match="already"):
        acts.add_check.perform(lea, version, check="has-chart", label="Charts")
    acts.drop_check.perform(lea, version, check="Charts")
    with pytest.raises(CannotBeDone, match="no such check"):
        acts.drop_check.perform(lea, version, check="Charts")
    acts.add_check.perform(lea, version, check="has-chart", label="Charts")
    assert version.checks.filter(dropped=False).get().given == {"at_least": 1}


def test_promql_is_tried_before_it_comes_into_force(
    draft: Draft, lea: Person, shop: Component
) -> None:
    version = draft()
    acts.add_check.perform(lea, version, check="promql", given=PROMQL)
    with pytest.raises(CannotBeDone, match="not been tried"):
        acts.put_in_force.perform(lea, version)
    run(error=TelemetryAway("nothing answers"))
    with pytest.raises(CannotBeDone, match="not been tried"):
        acts.put_in_force.perform(lea, version)
    StandardVersion.objects.update(checked_at=None)
    run(error=BadQuery("1:1: parse error"))
    with pytest.raises(CannotBeDone, match="parse error"):
        acts.put_in_force.perform(lea, version)
    StandardVersion.objects.update(checked_at=None)
    run(Sample({"job": "shop"}, 0, 0.1))
    acts.put_in_force.perform(lea, version)
    version.refresh_from_db()
    assert (version.state, version.in_force_by) == (State.IN_FORCE, lea)


def test_a_process_needs_a_measure_and_a_quality_standard_a_check(
    draft: Draft, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="needs a measure"):
        acts.put_in_force.perform(lea, draft(kind="process"))
    with pytest.raises(CannotBeDone, match="no check"):
        acts.put_in_force.perform(lea, draft(kind="quality"))
    acts.put_in_force.perform(lea, draft(kind="severities"))


def test_who_puts_it_in_force(draft: Draft, ann: Person, sam: Person, lea: Person) -> None:
    version = draft(kind="severities")
    effects = [acts.put_in_force.may(person, version).effect for person in (ann, sam, lea)]
    assert effects == [Effect.REFUSE, Effect.WAIT, Effect.DO]


def test_a_new_version_keeps_the_checks_and_supersedes(draft: Draft, lea: Person) -> None:
    first = draft()
    acts.add_check.perform(lea, first, check="has-chart")
    acts.put_in_force.perform(lea, first)
    standard = first.standard
    acts.draft_version.perform(lea, standard, text="Better.", reason="It was vague.")
    second = standard.versions.get(number=2)
    assert [check.name for check in second.checks.all()] == ["has-chart"]
    acts.put_in_force.perform(lea, second)
    first.refresh_from_db()
    assert (first.state, first.ended_at is None) == (State.SUPERSEDED, False)
    assert standard.in_force == second
    with pytest.raises(CannotBeDone, match="it stays as it is"):
        acts.add_check.perform(lea, second, check="has-chart", label="More")


def test_automating_a_step(draft: Draft, lea: Person, sam: Person) -> None:
    version = draft(kind="process", area="incident-response", words="Calls", before="4 a night")
    acts.put_in_force.perform(lea, version)
    terms = {"step": "Calling", "text": "It calls.", "reason": "Faster."}
    for ref, said in (("nonsense", "no such thing"), ("people.person:lea", "by hand")):
        with pytest.raises(CannotBeDone, match=said):
            acts.automate_step.perform(lea, version.standard, automated_by=ref, **terms)
    runbook = Runbook.objects.create(slug="call", title="Call", area="incident-response")
    with pytest.raises(CannotBeDone, match="Only a process"):
        acts.automate_step.perform(lea, draft().standard, automated_by=runbook.ref, **terms)
    assert acts.automate_step.may(sam, version.standard).effect is Effect.WAIT
    acts.automate_step.perform(lea, version.standard, automated_by=runbook.ref, **terms)
    assert version.standard.versions.get(number=2).automated_by == runbook.ref


def test_the_list(draft: Draft) -> None:
    draft(area="maintenance")
    draft(kind="process")
    assert [one.title for one in reads.standards(area="maintenance")] == ["Standard 1"]
    assert [one.title for one in reads.standards(kind="process")] == ["Standard 2"]
    assert reads.standards(area="kitchen", kind="soup").count() == 2


def test_the_form_of_a_check_is_sent_as_it_stands(draft: Draft, lea: Person, client) -> None:
    version = draft()
    client.force_login(lea)
    form = client.get(f"/do/standards.add_check?on={version.ref}").content.decode()
    assert "has-chart: Charts are set on its page" in form
    assert ">()<" not in form.replace("\n", "")
    sent = {"on": version.ref, "check": "has-chart", "given": "at_least=3\n", "label": ""}
    assert client.post("/do/standards.add_check", sent).status_code == 302
    assert version.checks.get().given == {"at_least": 3}
