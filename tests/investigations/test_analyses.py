"""Analyses: who publishes, judges and oversees them, and what is refused on the way."""

from datetime import timedelta
from typing import Any

import pytest
from tests.investigations.conftest import Open, found

from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Shown
from watchbill.investigations import acts
from watchbill.investigations.completeness import COMPLETE
from watchbill.investigations.models import Analysis, Investigation
from watchbill.lib import clock
from watchbill.lib.levels import Tier
from watchbill.people.models import Person

CAUSES: dict[str, Any] = {"causes": ["One", "Another"], "impact": "Everybody, an hour"}


@pytest.fixture
def olga(make_person) -> Person:
    """Another L3."""
    return make_person("olga", 3)


@pytest.fixture
def analysis(case: Investigation, sam: Person) -> Analysis:
    acts.publish_analysis.perform(sam, case, **CAUSES)
    return Analysis.objects.get()


def pattern(**given: object) -> dict[str, Any]:
    since = clock.now() - timedelta(hours=1)
    return {"query": "up", "start": since, "pattern": "It falls", "claim": "It ends", **given}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"causes": ["One", " "]}, "at least two causes"),
        ({"causes": ["x"] * 21}, "At most 20"),
        ({"impact": ""}, "whom it harmed"),
        ({"affected": ["none"]}, "no component 'none'"),
    ],
)
def test_an_analysis_makes_sense(
    case: Investigation, sam: Person, given: dict[str, object], says: str
) -> None:
    with pytest.raises(CannotBeDone, match=says):
        acts.publish_analysis.perform(sam, case, **{**CAUSES, **given})


def test_a_complex_one_is_critical_and_published_by_its_lead(
    opens: Open, sam: Person, olga: Person, jun: Person
) -> None:
    case = opens()
    assert acts.publish_analysis.may(sam, case).tier is Tier.ROUTINE
    acts.lead_as_complex.perform(sam, case, because="Two services.")
    case.refresh_from_db()
    assert acts.publish_analysis.may(sam, case).tier is Tier.CRITICAL
    with pytest.raises(CannotBeDone, match="Sam leads it"):
        acts.publish_analysis.perform(olga, case, **CAUSES)
    with pytest.raises(CannotBeDone, match="Only one person"):
        acts.publish_analysis.perform(sam, case, **CAUSES)
    found(case, jun)
    acts.publish_analysis.perform(sam, case, **CAUSES)


def test_another_senior_judges_it_once(analysis: Analysis, sam: Person, olga: Person) -> None:
    with pytest.raises(CannotBeDone, match="their own"):
        acts.accept_analysis.perform(sam, analysis, why="I wrote it.")
    with pytest.raises(CannotBeDone, match="not judged yet"):
        acts.publish_analysis.perform(olga, analysis.investigation, **CAUSES)
    with pytest.raises(CannotBeDone, match="what you checked"):
        acts.return_analysis.perform(olga, analysis, why=" ")
    acts.return_analysis.perform(olga, analysis, why="The impact is a guess.")
    with pytest.raises(CannotBeDone, match="returned already"):
        acts.accept_analysis.perform(olga, analysis, why="It is good.")
    acts.publish_analysis.perform(sam, analysis.investigation, **CAUSES)
    assert not Shown.objects.exists()


def test_a_plain_incident_does_not_show_leading_a_complex_one(
    analysis: Analysis, olga: Person
) -> None:
    acts.accept_analysis.perform(olga, analysis, why="I read it all.")
    assert not Shown.objects.exists()


def test_patterns_are_of_monitoring(opens: Open, case: Investigation, sam: Person) -> None:
    with pytest.raises(CannotBeDone, match="investigations of monitoring"):
        acts.publish_pattern.perform(sam, case, **pattern())
    there = opens(area="monitoring")
    for given, says in (({"query": ""}, "query"), ({"claim": ""}, "follows from it"),
                        ({"pattern": ""}, "what the chart shows")):  # fmt: skip
        with pytest.raises(CannotBeDone, match=says):
            acts.publish_pattern.perform(sam, there, **pattern(**given))


def test_a_pattern_whose_query_is_wrong_can_only_be_returned(
    opens: Open, sam: Person, olga: Person
) -> None:
    acts.publish_pattern.perform(sam, opens(area="monitoring"), **pattern())
    one = Analysis.objects.get()
    Analysis.objects.update(freeze_after=None, freeze_error="parse error")
    with pytest.raises(CannotBeDone, match="not kept: parse error"):
        acts.accept_analysis.perform(olga, one, why="Yes.")
    acts.return_analysis.perform(olga, one, why="The query is wrong.")


def test_an_empty_chart_shows_no_pattern(opens: Open, sam: Person, olga: Person) -> None:
    acts.publish_pattern.perform(sam, opens(area="monitoring"), **pattern())
    Analysis.objects.update(freeze_after=None, frozen=[])
    acts.accept_analysis.perform(olga, Analysis.objects.get(), why="Nothing was measured.")
    assert not Shown.objects.exists()


def overseen(analysis: Analysis, by: Person, **given: object) -> None:
    whole = {"complete": list(COMPLETE), "verdict": "accepted", "why": "All of it.", **given}
    acts.oversee_analysis.perform(by, analysis, **whole)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"complete": ["begin"]}, "6 points"),
        ({"verdict": "returned"}, "Everything is there"),
        ({"complete": ["all"]}, "not on the list"),
        ({"why": ""}, "your reasons"),
    ],
)
def test_oversight_goes_point_by_point(
    analysis: Analysis, lea: Person, given: dict[str, object], says: str
) -> None:
    with pytest.raises(CannotBeDone, match=says):
        overseen(analysis, lea, **given)


def test_what_is_returned_counts_as_returned(
    analysis: Analysis, ann: Person, sam: Person, lea: Person
) -> None:
    with pytest.raises(CannotBeDone, match="Nobody oversaw it"):
        acts.take_note.perform(ann, analysis, word="Read.")
    overseen(analysis, lea, complete=["begin"], verdict="returned")
    analysis.refresh_from_db()
    assert (analysis.state, analysis.oversight) == ("returned", "returned")
    assert analysis.lacking == list(COMPLETE)[1:]
    with pytest.raises(CannotBeDone, match="Lea returned it already"):
        overseen(analysis, lea)
    with pytest.raises(CannotBeDone, match="Ann leads it"):
        acts.take_note.perform(sam, analysis, word="Read.")
    acts.take_note.perform(ann, analysis, word="Read.")
    with pytest.raises(CannotBeDone, match="took note already"):
        acts.take_note.perform(ann, analysis, word="Read.")
    shown = Shown.objects.get()
    assert (shown.duty, shown.person, shown.witness) == ("IR-L4-2", lea, ann)


def test_nobody_oversees_or_notes_their_own(
    analysis: Analysis, case: Investigation, lea: Person
) -> None:
    Analysis.objects.update(author=lea)
    with pytest.raises(CannotBeDone, match="their own work"):
        overseen(Analysis.objects.get(), lea)
    Analysis.objects.update(author=case.owner)
    overseen(Analysis.objects.get(), lea)
    acts.take_on.perform(lea, case, why="Ann is away.")
    with pytest.raises(CannotBeDone, match="your own oversight"):
        acts.take_note.perform(lea, Analysis.objects.get(), word="Read.")


def test_only_critical_ones_of_incidents_are_overseen(
    opens: Open, incident, analysis: Analysis, sam: Person, lea: Person
) -> None:
    incident.severity = "sev3"
    incident.save()
    with pytest.raises(CannotBeDone, match="neither critical nor complex"):
        overseen(analysis, lea)
    acts.publish_analysis.perform(sam, opens(), **CAUSES)
    with pytest.raises(CannotBeDone, match="Analyses of incidents"):
        overseen(Analysis.objects.latest("pk"), lea)
