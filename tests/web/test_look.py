"""The style guide in Chromium: readable in both themes and on a phone, by rule and by measure."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def problems(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/settings/styleguide", "/glossary", "/no-such-page"])
def test_axe_finds_nothing(look: Callable[..., Page], path: str, width: int, theme: str) -> None:
    page = look(path, width=width, theme=theme)
    page.wait_for_timeout(300)
    assert problems(page) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_window(look: Callable[..., Page], width: int) -> None:
    page = look("/settings/styleguide", width=width)
    page.wait_for_selector(".chart canvas")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_buttons_are_large_enough_for_a_thumb(look: Callable[..., Page]) -> None:
    page = look("/settings/styleguide", width=360, has_touch=True, is_mobile=True)
    heights = page.eval_on_selector_all(
        "#main .button:not(.small)", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 40


def test_everything_on_a_phone_is_within_reach(look: Callable[..., Page]) -> None:
    page = look("/settings/styleguide", width=360)
    expect(page.locator("#more").get_by_role("link", name="Ladder")).to_be_hidden()
    page.get_by_role("button", name="More").click()
    expect(page.locator("#more").get_by_role("link", name="Ladder")).to_be_visible()
    expect(page.locator("#more").get_by_role("link", name="Settings")).to_be_visible()
    assert problems(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#more")).to_be_hidden()


def test_without_the_script_the_page_reads_and_its_form_works(look: Callable[..., Page]) -> None:
    page = look("/settings/styleguide", java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Every part")
    expect(page.locator(".chart-fallback td").first).to_be_visible()
    page.get_by_label("By mail").check()
    page.locator("#forms").get_by_role("button", name="Declare").click()
    page.wait_for_url("**/settings/styleguide?*")
    assert "title=Checkout" in page.url
