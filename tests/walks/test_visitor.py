"""A visitor alone in the demo: one browser, five minutes, from breaking it to signing a duty.

Colleagues nobody uses answer by themselves; two people are open side by side in tabs of one
browser, each at an address of their own.
"""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect
from tests.walks.browser import DESKTOP, Somebody, chromium
from tests.walks.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.timeout(600)]
FIVE_MINUTES = 300.0  # seconds
SHOWN, SIGNED = "IR-L1-3", "MO-L1-3"  # nobody signs what they alone saw: the senior, another


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    with chromium() as browser:
        yield browser.new_context(viewport=DESKTOP)


@pytest.fixture
def colleagues(demo: Demo) -> Iterator[None]:
    """They answer by themselves, as in a demo that was just started: nobody was there before."""
    demo.colleagues("yes")
    for used in (demo.data / "run" / "in-use").iterdir():
        used.unlink()
    yield
    demo.colleagues("no")


def test_a_visitor_alone(demo: Demo, context: BrowserContext, colleagues: None) -> None:
    begun = time.monotonic()
    junior = Somebody.at(context, demo.at("junior"), "junior")
    expect(junior.page).to_have_url(f"{demo.at('junior')}/")
    _start_over(junior)

    junior.presses("Break it", "#tour")
    junior.sees("1 of 5 done")
    room = _declare_and_join(junior)
    run = _ask_and_be_answered(junior, room)
    _look_back(junior)

    senior = Somebody.at(context, demo.at("senior"), "senior")
    _be_the_guide(senior, junior, run)
    _sign(senior, junior)
    junior.goes("/").sees("5 of 5 done")

    _start_over(junior)
    junior.goes(run).sees("halted")
    junior.goes(room).sees("The example was started over.")
    assert junior.errors + senior.errors == []
    took = time.monotonic() - begun
    print(f"a visitor alone: {took:.0f} s")
    assert took <= FIVE_MINUTES


def _start_over(junior: Somebody) -> None:
    junior.goes("/").presses("Start over", "#tour")
    junior.fills_in("Start over")
    junior.sees("0 of 5 done")
    junior.goes("/settings/example")
    expect(junior.page.locator("#orders .row").first).not_to_contain_text("about to be done")
    junior.goes("/")


def _declare_and_join(junior: Somebody) -> str:
    declare = junior.page.locator("#tour").get_by_role("link", name="Declare an incident")
    expect(declare).to_be_visible(timeout=60_000)  # by itself, with the alert
    declare.click()
    junior.fills_in("Declare", title="Checkout fails for one in eight")
    expect(junior.page).to_have_url(re.compile(r"/incidents/\d+"))
    room = junior.page.url
    assert room.startswith(junior.url)
    junior.presses("Join under instruction", "#seats")
    junior.sees("with Sena Costa")  # she accepts by herself, and the page shows it
    return room


def _ask_and_be_answered(junior: Somebody, room: str) -> str:
    junior.presses("Start", ".row:has-text('Checkout fails after a release')")
    expect(junior.page).to_have_url(re.compile(r"/runs/\d+"))
    _ask(junior, 0)
    expect(_step(junior, 0).get_by_text("succeeded")).to_be_visible(timeout=60_000)
    junior.sees("with Ari Novak")
    junior.sees("example colleague")  # and nobody takes it for a person
    return junior.page.url


def _look_back(junior: Somebody) -> None:
    run = junior.page.url
    junior.presses("Debrief", "#steps")
    junior.fills_in("Debrief", line="The preview told me what to watch.")
    junior.sees("Next time say what you expect to see.")  # the guide's line
    junior.goes(f"/ladder/duties/{SHOWN}").sees("witnessed by Ari Novak")
    junior.goes("/").sees("4 of 5 done")
    junior.goes(run)


def _be_the_guide(senior: Somebody, junior: Somebody, run: str) -> None:
    expect(senior.page).to_have_url(f"{senior.url}/")
    _ask(junior, 1)
    senior.sees("Juna Park asks")  # without a reload
    senior.presses("Answer", "#needs .row:has-text('Juna Park asks')")
    senior.presses("Go ahead")
    expect(senior.page.locator("#toasts")).to_contain_text("You gave the go-ahead")
    expect(_step(junior, 1).get_by_text("with Sena Costa")).to_be_visible()  # in the other tab
    assert junior.page.url == run


def _sign(senior: Somebody, junior: Somebody) -> None:
    junior.goes("/").sees("4 of 5 done")  # the ask is answered, and nothing signed
    junior.page.locator("#tour").get_by_role("link", name="Be Sena Costa").wait_for()
    signing = junior.page.locator("#tour").get_by_role("link", name="Sign a duty")
    address = signing.get_attribute("href")
    assert address
    assert address.startswith(f"{senior.url}/ladder/people/junior")
    senior.goes(address)
    line = senior.page.locator(f"#{SIGNED}")
    expect(line).not_to_contain_text("signed")
    senior.presses("Sign", "#duties")
    senior.fills_in("Sign", reason="Her report says what, where and since when.")
    expect(line).to_contain_text("signed")
    junior.sees(f"{SIGNED} was signed by Sena Costa")
    junior.presses("See", f"#needs .row:has-text('{SIGNED} was signed')")
    expect(junior.page.locator(f"#{SIGNED}")).to_contain_text("signed")
    junior.sees("Signed by Sena Costa")


def _ask(junior: Somebody, number: int) -> None:
    expect(_step(junior, number)).to_have_attribute("aria-current", "step", timeout=60_000)
    _step(junior, number).locator("a.button.primary").click()
    junior.page.locator("#dialog[open]").wait_for()
    value = junior.page.locator("#dialog[open] [name='value']").count()
    junior.fills_in("Ask for a go-ahead", **({"value": "4.12"} if value else {}))


def _step(junior: Somebody, number: int) -> Locator:
    return junior.page.locator("ol.steps > li").nth(number)
