"""From the first guided act to acting alone: a junior, a senior, a mentor and a lead at browsers.

On pages served by a thread of this process with a database of their own, without the example. One
line is shown by real work; the area's others are signed with a written reason, through the page.
"""

import os
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.walks.browser import DESKTOP, PATIENCE, chromium
from tests.web.conftest import Site

from watchbill.alerts.models import Alert
from watchbill.catalog.models import Component
from watchbill.lib import clock
from watchbill.people.models import House, Person, Team

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(600)]
OTHERS = ("MO-L1-1", "MO-L1-2", "MO-L1-4", "MO-L2-1", "MO-L2-2", "MO-L2-3")


@pytest.fixture
def site(real_commits: None) -> Iterator[Site]:
    """Watchbill's own pages, but for the stream of news: the walk loads pages anew."""
    started = Site()
    started.json("/live/poll", lambda _: {"last": 1, "topics": []})
    started.answers["/live"] = lambda _: ("503 Service Unavailable", "text/plain", [b""])
    yield started
    started.close()


class Somebody:
    """One person at a browser, signed in beforehand."""

    def __init__(self, person: Person) -> None:
        client = Client()
        client.force_login(person)
        self.session = client.cookies["sessionid"].value
        self.context: BrowserContext | None = None

    def opens(self, browser: Browser, url: str) -> Page:
        """A page of a browser in which they are signed in."""
        self.context = browser.new_context(base_url=url, viewport=DESKTOP)
        cookie = {"name": "sessionid", "value": self.session, "url": url}
        self.context.add_cookies([cookie])
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        return page


def press(page: Page, words: str, inside: str = "#main") -> None:
    scope = page.locator(inside)
    link = scope.get_by_role("link", name=words, exact=True)
    link.or_(scope.get_by_role("button", name=words, exact=True)).first.click()


def fill_in(page: Page, button: str, **fields: str) -> None:
    """Fill in the dialog that opened and send it."""
    dialog = page.locator("#dialog[open]")
    expect(dialog).to_be_visible()
    for name, value in fields.items():
        dialog.locator(f"[name='{name}']").first.fill(value)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).not_to_be_visible()


def test_from_the_first_guided_act_to_acting_alone(
    site: Site, make_person, team: Team, house: House
) -> None:
    cast = {"junior": 1, "senior": 3, "mentor": 3, "lead": 4}
    people = {name: make_person(name, level) for name, level in cast.items()}
    team.members.add(*people.values())
    shop = Component.objects.create(slug="shop", name="Shop", owner=team)
    first, second = _fires(shop, "QueueGrows"), _fires(shop, "DiskFills")
    who = {name: Somebody(person) for name, person in people.items()}
    assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in os.environ  # from here on only pages are used
    with chromium() as browser:
        at = {name: somebody.opens(browser, site.url) for name, somebody in who.items()}
        _first_guided_act(at["junior"], at["senior"], first)
        _shown(at["junior"], at["senior"])
        _signed(at["junior"], at["mentor"])
        _raised(at["junior"], at["lead"])
        _alone(at["junior"], second)


def _fires(component: Component, name: str) -> str:
    """The address of an alert that fires."""
    began = clock.now() - timedelta(minutes=2)
    alert = Alert.objects.create(
        fingerprint=name, name=name, component=component, annotations={"summary": name},
        state=Alert.State.FIRING, active_at=began, starts_at=began,
    )  # fmt: skip
    return alert.get_absolute_url()


def _first_guided_act(junior: Page, senior: Page, alert: str) -> None:
    junior.goto("/")
    expect(junior.locator("#place")).to_contain_text(
        "Junior developer in incident response, monitoring and maintenance: 12 duties"
    )
    junior.goto(alert)
    press(junior, "Ask: take it")
    fill_in(junior, "Ask for a go-ahead")
    senior.goto("/")
    expect(senior.locator("#needs")).to_contain_text("Junior asks: Take it")
    press(senior, "Answer", "#needs")
    press(senior, "Go ahead")
    expect(senior.locator("body")).to_contain_text("You gave the go-ahead; it is done.")
    junior.goto("/ladder/?cell=MO-L2")
    expect(junior.locator("#MO-L2-2")).to_contain_text("begun")


def _shown(junior: Page, senior: Page) -> None:
    junior.goto("/")
    row = junior.locator("#MO-L1-3")
    expect(row).to_contain_text("now: look at Shop")
    row.get_by_role("link", name="Do it now").click()
    expect(junior).to_have_url(re.compile(r"/monitoring/explore/\?component=shop"))
    junior.goto("/do/monitoring.report_anomaly?on=catalog.component:shop")
    junior.locator("#main [name='what']").fill("The queue grows every night")
    junior.locator("#main [name='start']").fill("2026-01-01T00:00")
    junior.locator("#main").get_by_role("button", name="Report an anomaly").click()
    expect(junior).to_have_url(re.compile(r"/monitoring/reports/\d+"))
    senior.goto(junior.url)
    press(senior, "Answer")
    dialog = senior.locator("#dialog[open]")
    dialog.locator("[name='answer']").select_option("real")
    fill_in(senior, "Answer", because="The nightly export blocks it.")
    junior.goto("/ladder/?duty=MO-L1-3")
    line = junior.locator("#duties")
    expect(line).to_contain_text("witnessed by Senior, L3")
    expect(line).to_contain_text("one more item")


def _signed(junior: Page, mentor: Page) -> None:
    mentor.goto("/ladder/people/junior?duty=MO-L1-3")
    press(mentor, "Sign")
    fill_in(mentor, "Sign", reason="I followed it as it happened.")
    expect(mentor.locator("#MO-L1-3")).to_contain_text("signed")
    junior.goto("/")
    expect(junior.locator("#needs")).to_contain_text("MO-L1-3 was signed by Mentor")
    press(junior, "See", "#needs")
    press(junior, "Noted", "#duties")
    junior.goto("/")
    expect(junior.locator("#needs")).to_contain_text("Nothing.")


def _raised(junior: Page, lead: Page) -> None:
    junior.goto("/ladder/")
    expect(junior.locator("#next-MO")).to_contain_text("It rests on 7 more signed duties")
    for duty in OTHERS:
        lead.goto(f"/ladder/people/junior?duty={duty}")
        press(lead, "Sign")
        fill_in(lead, "Sign", reason="Seen over two years in the team before.")
        expect(lead.locator(f"#{duty}")).to_contain_text("signed")
    lead.goto("/ladder/people/junior?duty=MO-L2-4")
    press(lead, "Waive")
    fill_in(lead, "Waive", reason="The team holds no retrospectives.")
    junior.goto("/ladder/")
    press(junior, "Ask for it", "#next-MO")
    fill_in(junior, "Ask for the next level")
    expect(junior.locator("#main")).to_contain_text("Asked: Junior to L2 in monitoring")
    lead.goto("/")
    expect(lead.locator("#needs")).to_contain_text("Junior asks for L2 in monitoring")
    press(lead, "Answer", "#needs")
    press(lead, "Place")
    dialog = lead.locator("#dialog[open]")
    expect(dialog.locator("[name='reason']")).to_have_value(
        re.compile("Signed MO-L1-1, .*; waived MO-L2-4")
    )
    dialog.get_by_role("button", name="Place", exact=True).click()
    expect(dialog).not_to_be_visible()


def _alone(junior: Page, alert: str) -> None:
    junior.goto("/")
    place = junior.locator("#place")
    expect(place).to_contain_text("Associate developer in monitoring")
    junior.goto(alert)
    press(junior, "Take it")  # "Ask: take it" before
    expect(junior.locator("#said")).to_contain_text("Junior looks after it.")
    expect(junior.locator("#timeline .ask")).to_have_count(0)
