"""The pages of investigations, for whoever reads them."""

import pytest
from django.test import Client
from tests.investigations.conftest import Open, found, supported, ticked

from watchbill.catalog.models import Component
from watchbill.home.needs import needs_of
from watchbill.incidents.models import Incident
from watchbill.investigations import acts
from watchbill.investigations.models import Analysis, Hypothesis, Investigation
from watchbill.people.models import House, Person

LIST = "/investigations/"


@pytest.fixture
def reads(client: Client):
    """`reads(person, path)`: the text of a page."""

    def reads(person: Person, path: str) -> str:
        client.force_login(person)
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.content.decode()

    return reads


def test_an_empty_list_teaches(reads, house: House, jun: Person) -> None:
    text = reads(jun, LIST)
    assert "Nothing is being investigated" in text
    assert "Why did it happen?" in text


def test_the_list_is_narrowed_by_area_and_to_ones_own(
    reads, opens: Open, case: Investigation, ann: Person, jun: Person, sam: Person
) -> None:
    opens(by=sam, title="Why does it grow?", area="monitoring")
    assert "2 investigations open" in reads(jun, LIST)
    text = reads(jun, f"{LIST}?area=monitoring")
    assert "Why does it grow?" in text
    assert "Why is it slow?" not in text
    text = reads(sam, f"{LIST}?mine=1")
    assert "Why does it grow?" in text
    assert "Why is it slow?" not in text
    mine = f"{LIST}?area=incident-response&mine=1"
    assert "Why is it slow?" in reads(ann, mine)
    assert "None of these." in reads(sam, mine)
    assert "None of these." in reads(jun, f"{LIST}?mine=1")
    acts.propose.perform(jun, case, text="The disk")
    assert "Why is it slow?" in reads(jun, f"{LIST}?mine=1")


def test_the_page_offers_the_next_thing(
    reads, case: Investigation, ann: Person, jun: Person
) -> None:
    path = case.get_absolute_url()
    assert "No hypothesis yet" in reads(jun, path)
    acts.propose.perform(ann, case, text="The pool is too small")
    cause = Hypothesis.objects.get()
    text = reads(ann, path)
    assert "1 hypothesis is open; 7 steps of the protocol to go" in text
    found(cause, jun, log="pool exhausted")
    assert "investigations.judge_finding" in reads(ann, path)
    assert "investigations.judge_finding" not in reads(jun, path)
    supported(cause, ann)
    assert "Every hypothesis is settled; 7 steps" in reads(ann, path)
    ticked(case, ann)
    assert "Close it" in reads(ann, path)
    assert "Close it" not in reads(jun, path)
    acts.close.perform(
        ann, case, conclusion=Investigation.Conclusion.CONFIRMED, answer="It was the pool."
    )
    assert "I read it and followed it" in reads(jun, path)
    assert "I read it and followed it" not in reads(ann, path)


def test_it_is_offered_where_the_question_comes_up(
    reads, case: Investigation, incident: Incident, shop: Component, opens: Open, jun: Person
) -> None:
    assert "Why is it slow?" in reads(jun, incident.get_absolute_url())
    opens(shop, title="Why does it leak?")
    text = reads(jun, shop.get_absolute_url())
    assert "Why does it leak?" in text
    assert "investigations.open_investigation" in text


def test_protocols_say_where_they_come_from(reads, house: House, sam: Person, jun: Person) -> None:
    assert "comes with Watchbill" in reads(jun, f"{LIST}protocols/")
    acts.publish_protocol.perform(sam, house, name="night", title="By night", steps=["a", "b"])
    text = reads(jun, f"{LIST}protocols/")
    assert "By night" in text
    assert "2 protocols" in text


def test_now_tells_who_is_waited_for(
    case: Investigation, cause: Hypothesis, ann: Person, jun: Person, sam: Person, lea: Person
) -> None:
    one = found(cause, jun)
    found(cause, ann)
    assert [(need.mark, need.title) for need in needs_of(ann)] == [("finding", one.text)]
    assert needs_of(jun) == []
    acts.judge_finding.perform(ann, one, says="nothing")
    assert needs_of(ann) == []
    acts.publish_analysis.perform(sam, case, causes=["a", "b"], impact="All")
    assert [need.mark for need in needs_of(lea)] == ["analysis"]
    assert needs_of(sam) == []
    acts.oversee_analysis.perform(
        lea, Analysis.objects.get(), complete=["begin"], verdict="returned", why="It is thin."
    )
    assert needs_of(lea) == []
    assert [need.mark for need in needs_of(ann)] == ["oversight"]
    acts.take_note.perform(ann, Analysis.objects.get(), word="Read.")
    assert needs_of(ann) == []


def test_what_is_not_there(client: Client, house: House, jun: Person) -> None:
    client.force_login(jun)
    assert client.get(f"{LIST}99/").status_code == 404


def test_all_of_it_can_be_read_by_rest(
    client: Client, case: Investigation, cause: Hypothesis, ann: Person, sam: Person
) -> None:
    client.force_login(ann)
    found(cause, ann)
    acts.add_part.perform(ann, case, text="The disk")
    acts.publish_analysis.perform(sam, case, causes=["a", "b"], impact="All", affected=["shop"])
    acts.publish_protocol.perform(
        sam, House.get(), name="night", title="By night", steps=["a", "b"]
    )
    for name in ("investigations", "hypotheses", "findings", "parts", "analyses", "protocols"):
        rows = client.get(f"/api/v1/{name}").json()[name]
        assert len(rows) == 1, name
    assert client.get("/api/v1/analyses").json()["analyses"][0]["affected"] == ["shop"]
    assert client.get("/api/v1/findings?investigation=99").json()["findings"] == []
