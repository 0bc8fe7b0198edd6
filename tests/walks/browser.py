"""People at browsers: each in a Chromium of their own, side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 20_000  # milliseconds
expect.set_options(timeout=PATIENCE)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield browser
        browser.close()


class Somebody:
    """One person of the example team at a browser. Errors in its console fail the walk."""

    def __init__(self, browser: Browser, url: str, who: str, viewport: dict = DESKTOP) -> None:
        self._sit_down(browser.new_context(viewport=viewport, base_url=url), url, who)
        self.page.goto("/sign-in")
        self.page.locator(f"form[action='/sign-in/as/{who}'] button").click()
        expect(self.page).to_have_url(f"{url}/")

    @classmethod
    def at(cls, context: BrowserContext, url: str, who: str) -> "Somebody":
        """In a tab of a browser that others use too, at that person's own address."""
        somebody = cls.__new__(cls)
        somebody._sit_down(context, url, who)
        somebody.page.goto(f"{url}/")
        return somebody

    def _sit_down(self, context: BrowserContext, url: str, who: str) -> None:
        self.url, self.who, self.context = url, who, context
        self.errors: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: object) -> None:
        if getattr(message, "type", "") == "error" and "status of 4" not in str(message):
            self.errors.append(str(message))

    def goes(self, path: str) -> "Somebody":
        self.page.goto(f"{self.url}{path}" if path.startswith("/") else path)
        return self

    def sees(self, text: str, *, within: float = PATIENCE) -> None:
        """The text stands on the page by then, without a reload."""
        expect(self.page.locator("#main").get_by_text(text).first).to_be_visible(timeout=within)

    def presses(self, label: str, inside: str = "#main") -> None:
        """Press a link or button of the page."""
        scope = self.page.locator(inside)
        found = scope.get_by_role("link", name=label, exact=True).or_(
            scope.get_by_role("button", name=label, exact=True)
        )
        found.first.click()

    def fills_in(self, button: str, **fields: str) -> None:
        """Fill in the dialog that opened and send it."""
        dialog = self.page.locator("#dialog[open]")
        expect(dialog).to_be_visible()
        for name, value in fields.items():
            field = dialog.locator(f"[name='{name}']").first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        dialog.get_by_role("button", name=button, exact=True).click()
        expect(dialog).not_to_be_visible()

    def shows(self, name: str, folder: Path) -> None:
        """Keep a picture of the page as it is now, at both widths."""
        folder.mkdir(parents=True, exist_ok=True)
        for width, viewport in (("wide", DESKTOP), ("phone", PHONE)):
            self.page.set_viewport_size(viewport)
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=folder / f"{name}-{width}.png")
        self.page.set_viewport_size(DESKTOP)
