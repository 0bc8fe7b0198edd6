"""How somebody sees themselves, their sheet, and asking for the next level."""

import pytest
from django.test import Client
from tests.ladder.conftest import Shows

from watchbill.accounts.acts import place
from watchbill.acts.given import CannotBeDone
from watchbill.acts.models import Entry
from watchbill.home.needs import needs_of
from watchbill.ladder.acts import (
    ask_for_raise,
    assess_myself,
    decline_raise,
    share_sheet,
    sign_duty,
    waive_duty,
)
from watchbill.ladder.models import Raise
from watchbill.ladder.reads import matrix
from watchbill.people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]


def page(reader: Person, path: str) -> str:
    client = Client()
    client.force_login(reader)
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def settle(person: Person, lead: Person, area: str, upto: int) -> None:
    for line in matrix(person).rests_on(area, upto):
        if not line.said.settled:
            sign_duty.perform(lead, person, duty=line.duty.key, reason="seen for years")


def test_an_assessment_is_ones_own_until_it_is_shared(
    shows: Shows, jun: Person, ann: Person, sam: Person
) -> None:
    assert assess_myself.perform(sam, jun, duty="IR-L1-3", word="alone").state == "refused"
    with pytest.raises(CannotBeDone, match="not assessed"):
        share_sheet.perform(jun, jun)
    assess_myself.perform(jun, jun, duty="IR-L1-3", word="alone", line="I know them by heart")
    sheet = "/ladder/people/jun/sheet"
    assert "I know them by heart" in page(jun, sheet)
    assert "I know them by heart" not in page(sam, sheet)
    assert "I know them by heart" not in page(sam, "/ladder/people/jun?duty=IR-L1-3")
    assert "I know them by heart" not in page(sam, f"{sheet}.md")
    assert "by heart" not in page(sam, f"/do/ladder.share_sheet?on={jun.ref}"), "nor its preview"
    assert "by heart" not in str(list(Entry.objects.values("given", "says", "came_of_it")))
    share_sheet.perform(jun, jun)
    for path in (sheet, f"{sheet}.md", "/ladder/people/jun?duty=IR-L1-3"):
        assert "I know them by heart" in page(sam, path)
    assess_myself.perform(jun, jun, duty="IR-L1-3", word="not-yet", line="I was wrong")
    assert "I was wrong" not in page(sam, sheet)
    assert "I was wrong" in page(jun, sheet)


def test_differences_are_shown_to_the_person_first(
    shows: Shows, jun: Person, ann: Person, sam: Person
) -> None:
    shows(jun, "IR-L1-4", ann)
    shows(jun, "IR-L1-4", sam)
    assess_myself.perform(jun, jun, duty="IR-L1-4", word="with-guidance")
    assess_myself.perform(jun, jun, duty="IR-L1-3", word="alone")
    assess_myself.perform(jun, jun, duty="MO-L1-1", word="not-yet")
    assert share_sheet.effect is not None
    assert share_sheet.effect(jun, {}) == [
        "IR-L1-3: alone; here it is not begun, and there is missing: two more items, with a "
        "witness",
        "IR-L1-4: with guidance; here it is ready to sign",
        "MO-L1-1: not yet",
    ]


def test_what_an_assessment_cannot_be(jun: Person) -> None:
    with pytest.raises(CannotBeDone, match="no such answer"):
        assess_myself.perform(jun, jun, duty="IR-L1-3", word="expert")
    with pytest.raises(CannotBeDone, match="500"):
        assess_myself.perform(jun, jun, duty="IR-L1-3", word="alone", line="x" * 501)
    with pytest.raises(CannotBeDone, match="no duty"):
        assess_myself.perform(jun, jun, duty="XX-L1-3", word="alone")


def test_a_raise_rests_on_signed_or_waived_lines(jun: Person, sam: Person, lea: Person) -> None:
    with pytest.raises(CannotBeDone, match="Not signed yet: MO-L1-1, MO-L1-2"):
        ask_for_raise.perform(jun, jun, area="monitoring")
    waive_duty.perform(lea, jun, duty="MO-L1-4", reason="We have none.")
    settle(jun, lea, "monitoring", 2)
    asked = ask_for_raise.perform(jun, jun, area="monitoring")
    assert asked.says == "asked to be placed at L2 in monitoring"
    with pytest.raises(CannotBeDone, match="waits for an answer"):
        ask_for_raise.perform(jun, jun, area="monitoring")
    assert [need.mark for need in needs_of(lea)] == ["raise"]
    assert [need.mark for need in needs_of(sam)] == []
    wanted = Raise.objects.get()
    assert "Signed MO-L1-1" in wanted.rests_on
    assert "waived MO-L1-4" in wanted.rests_on
    assert "reason=Signed" in page(lea, "/ladder/people/jun/sheet")
    place.perform(lea, jun, area="monitoring", level=2, reason=wanted.rests_on)
    lea.forget()
    assert [need.mark for need in needs_of(lea)] == []
    jun.forget()
    assert matrix(jun).place == (
        "Associate developer in monitoring, Junior developer in incident response and maintenance"
    )


def test_a_raise_may_be_declined_with_the_reason(jun: Person, sam: Person, lea: Person) -> None:
    settle(jun, lea, "monitoring", 2)
    ask_for_raise.perform(jun, jun, area="monitoring")
    wanted = Raise.objects.get()
    assert decline_raise.perform(sam, wanted, why="x").state == "refused"
    with pytest.raises(CannotBeDone, match="Say why"):
        decline_raise.perform(lea, wanted, why=" ")
    decline_raise.perform(lea, wanted, why="After the holidays.")
    assert "After the holidays." in page(jun, "/ladder/people/jun/sheet")
    lea.forget()
    assert needs_of(lea) == []
    with pytest.raises(CannotBeDone, match="answered already"):
        decline_raise.perform(lea, Raise.objects.get(), why="again")
    ask_for_raise.perform(jun, jun, area="monitoring")


def test_there_is_nothing_above_the_highest(lea: Person) -> None:
    with pytest.raises(CannotBeDone, match="the highest"):
        ask_for_raise.perform(lea, lea, area="monitoring")
    with pytest.raises(CannotBeDone, match="no such area"):
        ask_for_raise.perform(lea, lea, area="cooking")


def test_the_page_says_what_changes_at_the_next_level(jun: Person, sam: Person) -> None:
    text = page(jun, "/ladder/")
    assert "Incident response: what changes at L2" in text
    assert "Take a seat" in text
    assert (
        "Sign"
        not in page(jun, "/ladder/?duty=IR-L1-3").partition("<main")[2].partition("Growth sheet")[0]
    )
    assert "ladder.sign_duty" in page(sam, "/ladder/people/jun?duty=IR-L1-3")


def test_the_team_page_names_who_holds_what_and_where_nobody_does(
    shows: Shows, jun: Person, ann: Person, sam: Person
) -> None:
    shows(jun, "IR-L1-3", ann)
    shows(jun, "IR-L1-3", sam)
    text = page(sam, "/ladder/team")
    assert "Nobody holds 3 of the cells" in text  # the three of L4
    assert "/ladder/people/jun?duty=IR-L1-3" in text


def test_evidence_leads_to_what_it_is_about(
    shows: Shows, jun: Person, sam: Person, client: Client
) -> None:
    entry = shows(jun, "IR-L1-3", sam)
    path = f"/ladder/on/{entry.subject}"
    assert path in page(jun, "/ladder/?duty=IR-L1-3")
    client.force_login(jun)
    assert client.get(path)["Location"] == "/maintenance/components/thing-0/"
    assert client.get("/ladder/on/catalog.component:none").status_code == 404


def test_the_markdown_is_the_sheet(jun: Person, lea: Person) -> None:
    sign_duty.perform(lea, jun, duty="MO-L1-1", reason="She built them.")
    text = page(jun, "/ladder/people/jun/sheet.md")
    assert text.startswith("# Jun: growth sheet\n")
    assert "(She built them.)" in text.partition("## Signed")[2].partition("##")[0]


def test_the_lines_by_rest(jun: Person, lea: Person, client: Client) -> None:
    sign_duty.perform(lea, jun, duty="MO-L1-1", reason="She built them.")
    client.force_login(jun)
    rows = client.get("/api/v1/lines/jun").json()["duties"]
    assert len(rows) == 51
    assert rows["MO-L1-1"] == {"state": "signed", "missing": rows["MO-L1-1"]["missing"],
                               "signed_by": ["lea"]}  # fmt: skip
    said = client.get("/api/v1/judgements?person=jun").json()["judgements"]
    assert [(one["duty"], one["word"]) for one in said] == [("MO-L1-1", "signed")]
