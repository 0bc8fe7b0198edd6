"""The whole loop as people see it: a junior and her guide, each at a browser of their own.

With `PICTURES_INTO` naming a folder the pictures of the documentation are taken on the way.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.walks.browser import Somebody, chromium
from tests.walks.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return Path(os.environ.get("PICTURES_INTO", tmp_path))


def test_two_people_walk_the_loop(demo: Demo, pictures: Path) -> None:
    with chromium() as browser:
        junior = Somebody(browser, demo.url, "junior")
        guide = Somebody(browser, demo.url, "associate")
        senior = Somebody(browser, demo.url, "senior")
        mails = len(demo.inbox.mail)

        junior.goes("/settings/example").presses(
            "Break it", ".row:has-text('one checkout in eight')"
        )
        guide.sees("CheckoutErrors on checkout", within=40_000)
        guide.shows("now", pictures)
        guide.presses("Acknowledge", "#needs")
        guide.presses("Acknowledge")
        guide.sees("acknowledged")
        assert len(demo.inbox.mail) > mails

        room = _declare(guide, junior, senior, pictures)
        run = _run_the_runbook(guide, junior, room, pictures)
        assert run
        guide.goes(room)
        expect(guide.page.locator("#alerts").get_by_text("resolved")).to_be_visible(timeout=90_000)
        _learn(guide, junior, senior, room, pictures)

        junior.goes("/ladder/duties/IR-L1-3").sees("witnessed by Ari Novak")
        guide.goes("/ladder/duties/IR-L3-3").sees("witnessed by Juna Park")
        junior.goes("/ladder/").shows("ladder", pictures)
        for somebody in (junior, guide, senior):
            assert somebody.errors == []


def _declare(guide: Somebody, junior: Somebody, senior: Somebody, pictures: Path) -> str:
    guide.goes("/").presses("Declare an incident")
    guide.fills_in("Declare", title="Checkout fails for one in eight")
    expect(guide.page).to_have_url(re.compile(r"/incidents/\d+"))
    room = guide.page.url
    guide.presses("Take a seat", "#seats")
    junior.goes(room).presses("Join under instruction", "#seats")
    senior.goes(room).presses("Take the lead", "#seats")
    senior.presses("Be the guide", "#seats")
    junior.sees("with Sena Costa")  # without a reload
    guide.shows("room", pictures)
    return room


def _run_the_runbook(guide: Somebody, junior: Somebody, room: str, pictures: Path) -> str:
    guide.goes(room).presses("Start", ".row:has-text('Checkout fails after a release')")
    expect(guide.page).to_have_url(re.compile(r"/runs/\d+"))
    run = guide.page.url
    junior.goes(run)
    steps = junior.page.locator("ol.steps > li")
    for number in range(steps.count()):
        step = junior.page.locator("ol.steps > li[aria-current='step']")
        expect(steps.nth(number)).to_have_attribute("aria-current", "step", timeout=60_000)
        step.locator("a.button.primary").click()
        junior.page.locator("#dialog[open]").wait_for()
        answers = {}
        if junior.page.locator("#dialog[open] [name='value']").count():
            answers = {"value": "4.12"}
        junior.fills_in("Ask for a go-ahead", **answers)
        ask = guide.page.locator("#steps .ask")
        expect(ask.get_by_role("button", name="Go ahead")).to_be_visible()  # without a reload
        if number == 3:
            guide.shows("go-ahead", pictures)
        ask.get_by_role("button", name="Go ahead").click()
        expect(steps.nth(number).get_by_text("succeeded")).to_be_visible(timeout=300_000)
    junior.sees("finished")
    return run


def _learn(guide: Somebody, junior: Somebody, senior: Somebody, room: str, pictures: Path) -> None:
    senior.goes(room)
    senior.page.locator("#main summary", has_text="More").click()
    senior.presses("Resolve")
    senior.fills_in("Resolve", what_ended_it="The release was taken back.")
    senior.page.locator("#main summary", has_text="More").click()
    senior.presses("Open a review")
    senior.fills_in("Open a review")
    expect(senior.page).to_have_url(re.compile(r"/reviews/\d+"))
    review = senior.page.url

    junior.goes(review).presses("Add what you saw or learned")
    junior.fills_in("Add what you saw or learned", kind="lesson",
                    text="The release note said nothing about the pool.")  # fmt: skip
    guide.goes(review)
    guide.sees("The release note said nothing about the pool.")
    guide.presses("Propose an improvement")
    guide.fills_in("Propose an improvement", title="Check the pool before a release",
                   expected="No more pool errors")  # fmt: skip
    expect(guide.page).to_have_url(re.compile(r"/improvements/\d+"))
    improvement = guide.page.url
    senior.goes(improvement).presses("Accept")
    senior.fills_in("Accept", owner="associate", due="2099-01-31")
    senior.goes(review).shows("review", pictures)
    _carry_out(guide, improvement.rstrip("/").rpartition("/")[2])


def _carry_out(guide: Somebody, improvement: str) -> None:
    guide.goes("/maintenance/components/catalogue/").presses("Plan a change")
    guide.fills_in("Plan a change", title="Restart with the check in place", kind="config",
                   improvement=improvement)  # fmt: skip
    expect(guide.page).to_have_url(re.compile(r"/maintenance/changes/\d+"))
    guide.presses("Begin")
    guide.fills_in("Begin")
    guide.presses("Complete")
    guide.fills_in("Complete", outcome="In place, verified.")
    guide.presses("Document")
    guide.fills_in("Document", docs="declined", reason="Nothing described it before.")
    guide.goes("/ladder/duties/MA-L2-2").sees("Restart with the check in place")
