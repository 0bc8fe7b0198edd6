"""Every duty that can be practised leads to the page where it is done; places in words."""

import pytest
from django.test import Client

from watchbill.acts.registry import KINDS
from watchbill.ladder.evidence import GUIDING, acts_for
from watchbill.ladder.places import page_of
from watchbill.ladder.reads import matrix
from watchbill.lib.levels import Area
from watchbill.people.models import Person, Standing

pytestmark = pytest.mark.django_db
PRACTISED = sorted({duty for kind in KINDS.values() for duty in kind.duties} | {*GUIDING.values()})


@pytest.mark.parametrize("duty", PRACTISED)
def test_there_is_a_page_to_begin_from(client: Client, sam: Person, duty: str) -> None:
    client.force_login(sam)
    assert client.get(page_of(acts_for(duty))).status_code == 200


def test_nothing_leads_nowhere() -> None:
    assert page_of([]) == ""


def test_a_place_in_words(jun: Person) -> None:
    assert matrix(jun).place == (
        "Junior developer in incident response, monitoring and maintenance"
    )
    Standing.objects.create(person=jun, area=Area.MONITORING, level=3, reason="knows it")
    assert matrix(Person.objects.get(pk=jun.pk)).place == (
        "Senior developer in monitoring, Junior developer in incident response and maintenance"
    )
