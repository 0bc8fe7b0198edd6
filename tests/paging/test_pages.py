"""Every page of paging answers its question, from rows as well as from none."""

import pytest
from django.test import Client
from tests.paging.conftest import Fire, deliver, resolve, tick

from watchbill.catalog.models import Component
from watchbill.paging.deliver import Outbox
from watchbill.paging.models import EscalationPolicy, Page
from watchbill.people.models import House, Person, Team


@pytest.fixture
def browser(client: Client, ann: Person, house: House) -> Client:
    client.force_login(ann)
    return client


def text_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def test_nothing_yet(browser: Client) -> None:
    assert "No page waits for you." in text_of(browser, "/page/")
    assert "call the owner" in text_of(browser, "/settings/escalation/")


def test_a_page_from_sent_to_acknowledged(
    browser: Client, policy: EscalationPolicy, fire: Fire, box: Outbox
) -> None:
    fire()
    tick(0)
    deliver(box)
    page = Page.objects.get()
    assert "1 page waits for your answer." in text_of(browser, "/page/")
    shown = text_of(browser, page.get_absolute_url())
    assert "Errors happen" in shown
    assert "Paged Ann by email" in shown
    assert "1 attempt" in shown
    done = browser.post("/do/paging.acknowledge", {"on": page.ref, "next": "/page/"})
    assert done.status_code == 302
    assert "Ann has it." in text_of(browser, page.get_absolute_url())
    assert "Acknowledge</" not in text_of(browser, page.get_absolute_url())
    called = text_of(browser, f"/monitoring/alerts/{page.alert.pk}/calls/")
    assert "Somebody has it." in called


def test_a_page_that_ended(browser: Client, policy: EscalationPolicy, fire: Fire) -> None:
    alert = fire()
    tick(0)
    resolve(alert)
    tick(1)
    assert "The alert has ended." in text_of(browser, Page.objects.get().get_absolute_url())


def test_who_would_be_called(
    browser: Client, policy: EscalationPolicy, sam: Person, team: Team
) -> None:
    sam.contact_methods.update(removed_at="2026-01-01T00:00:00Z")
    for address in ("/settings/escalation/", policy.get_absolute_url()):
        shown = text_of(browser, address)
        assert "cannot be reached" in shown
        assert "after 5 min" in shown
    component = Component.objects.create(slug="checkout", name="Checkout", owner=team)
    assert "Who is called" in text_of(browser, component.get_absolute_url())


def test_reading_over_rest(browser: Client, policy: EscalationPolicy, fire: Fire) -> None:
    fire()
    tick(0)
    (page,) = browser.get("/api/v1/pages?person=ann").json()["pages"]
    assert (page["state"], page["deliveries"][0]["channel"]) == ("sent", "email")
    (found,) = browser.get("/api/v1/policies").json()["policies"]
    assert found["calls_now"][0]["people"] == {"ann": ["email"]}
