"""Every page of alerts answers its question, from rows as well as from none."""

from collections.abc import Callable

import pytest
from django.test import Client

from watchbill.alerts import acts, reads
from watchbill.alerts.models import Alert, Rule, RuleFile, Silence
from watchbill.catalog.models import Component
from watchbill.people.models import House, Person

Firing = Callable[..., Alert]


@pytest.fixture
def browser(client: Client, ann: Person) -> Client:
    client.force_login(ann)
    return client


def text_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("address", ["alerts/", "rules/", "silences/", "silences/?past=1"])
def test_empty_pages_teach(browser: Client, house: House, address: str) -> None:
    assert 'class="empty"' in text_of(browser, f"/monitoring/{address}")


def test_alerts_by_component(
    browser: Client, house: House, firing: Firing, checkout: Component
) -> None:
    firing(checkout, alertname="Slow", severity="warning")
    firing(checkout)
    firing(alertname="Elsewhere")
    page = text_of(browser, "/monitoring/alerts/")
    assert "3 alerts fire, 2 of them critical." in page
    assert page.index("Checkout</a>") < page.index("No known component")
    assert "Elsewhere" not in text_of(browser, "/monitoring/alerts/?component=checkout")
    assert "Slow" not in text_of(browser, "/monitoring/alerts/?q=errors")


def test_one_alert(
    browser: Client, house: House, sam: Person, rule: Rule, firing: Firing, checkout: Component
) -> None:
    alert = firing(checkout, host="a")
    alert.rule = rule
    alert.save()
    acts.take.perform(sam, alert)
    acts.silence.perform(sam, house, matchers='host="a"', minutes=5, why="a look around")
    page = text_of(browser, alert.get_absolute_url())
    assert "Checkout: it fails" in page
    assert "Sam looks after it" in page
    assert "took Errors" in page
    assert "a look around" in page  # the silence is in its timeline


def test_rules_and_what_was_refused(browser: Client, house: House, rule: Rule) -> None:
    RuleFile.objects.update(wrong="'exp' is not known here", line=7, hint="Write expr.")
    Rule.objects.update(health="error", error="many-to-many")
    page = text_of(browser, "/monitoring/rules/")
    assert "1 of 1 rules fail." in page
    assert "line 7" in page
    assert "many-to-many" in page
    assert "Errors cannot be evaluated" in text_of(browser, f"/monitoring/rules/{rule.pk}/")


def test_silences(browser: Client, house: House, sam: Person, firing: Firing) -> None:
    firing(host="a")
    acts.silence.perform(sam, house, matchers='host="a"', minutes=5, why="planned work")
    assert "1 alert quiet now" in text_of(browser, "/monitoring/silences/")
    page = text_of(browser, Silence.objects.get().get_absolute_url())
    assert "1 alert kept quiet until" in page


def test_the_page_of_a_component_shows_its_alerts(
    browser: Client, house: House, firing: Firing, checkout: Component
) -> None:
    firing(checkout)
    assert "it fails" in text_of(browser, checkout.get_absolute_url())


def test_reading_over_rest(browser: Client, house: House, rule: Rule, firing: Firing) -> None:
    firing()
    assert browser.get("/api/v1/alerts?state=firing").json()["alerts"][0]["name"] == "Errors"
    assert browser.get("/api/v1/rules").json()["rules"][0]["expr"] == "errors > 1"
    assert browser.get("/api/v1/silences").json() == {"silences": []}


@pytest.mark.parametrize(
    ("expr", "left", "limit"),
    [
        ("errors > 1", "errors", "1"),
        ("a / b\n > 64 * 1024", "a / b", "64 * 1024"),
        ('up{job="x>1"} < 1', 'up{job="x>1"}', "1"),
        ("errors > 1 and up > 0", "errors > 1 and up > 0", ""),
        ("up == 0", "up == 0", ""),
        ("absent(up)", "absent(up)", ""),
        ("a > b", "a > b", ""),
    ],
)
def test_what_is_drawn_as_threshold(expr: str, left: str, limit: str) -> None:
    assert reads.split(expr) == (left, limit)
