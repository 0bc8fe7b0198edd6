"""What the script does, in Chromium and under the real content security policy."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.web.conftest import Answer, Query, Site

pytestmark = pytest.mark.browser
Look = Callable[..., Page]
GUIDE = "/settings/styleguide"


def test_the_palette_finds_by_a_few_letters_and_goes_there(look: Look, site: Site) -> None:
    entries = [
        {"label": "Incidents", "url": "/x", "group": "Go to"},
        {"label": "Declare an incident", "hint": "what users notice", "url": "/glossary"},
        {"label": "checkout", "hint": "component", "url": "/y", "group": "Components"},
    ]
    site.json("/palette.json", lambda _: entries)
    page = look(GUIDE)
    page.keyboard.press("Control+k")
    options = page.locator("#palette").get_by_role("option")
    expect(options).to_have_count(3)
    page.keyboard.type("deinc")
    expect(options).to_have_count(1)
    expect(options).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary")


def test_the_palette_says_when_nothing_fits_and_escape_closes_it(look: Look, site: Site) -> None:
    site.json("/palette.json", lambda _: [{"label": "Now", "url": "/"}])
    page = look(GUIDE)
    page.get_by_role("button", name="Anything").click()
    page.keyboard.type("zzz")
    expect(page.get_by_text("Nothing of that name.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_j_and_k_walk_the_rows_and_help_opens(look: Look) -> None:
    page = look(GUIDE)
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_the_theme_is_kept_and_the_server_draws_it(look: Look, site: Site) -> None:
    site.page(
        "/themed", lambda: '<div class="themes"><button data-theme-set="dark">D</button></div>'
    )
    page = look("/themed")
    page.locator("#main [data-theme-set=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(GUIDE)
    assert 'data-theme="dark"' in page.request.get(GUIDE).text()[:200]


def test_a_hint_shows_on_focus_and_goes_with_escape(look: Look) -> None:
    page = look(GUIDE)
    term = page.locator(".term").first
    page.keyboard.press("Tab")
    term.focus()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("A person who may do an act alone")
    expect(term).to_have_attribute("aria-describedby", "tip")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_form_in_a_dialog_shows_its_mistakes_and_then_changes_the_page_below(
    look: Look, site: Site
) -> None:
    said: list[str] = []
    field = '<input name="why" id="why" aria-label="Why">'
    form = f'<form method="post" action="/hold">{field}<button>Hold</button></form>'
    site.page("/room", lambda: f'<p id="said">{said}</p><a href="/hold" data-dialog>Hold</a>')
    site.page("/hold-form", lambda: form)
    site.page("/hold-wrong", lambda: form + '<p class="error">Say why.</p>')

    def hold(query: Query) -> Answer:
        if query["method"] == ["GET"]:
            return site.answers["/hold-form"](query)
        if "why" not in query:
            return site.answers["/hold-wrong"](query)
        said.append(query["why"][0])
        return "302 Found", "text/html|/room", [b""]

    site.answers["/hold"] = hold
    page = look("/room")
    page.get_by_role("link", name="Hold").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Hold").click()
    expect(dialog.get_by_text("Say why.")).to_be_visible()
    dialog.get_by_label("Why").fill("capacity")
    dialog.get_by_role("button", name="Hold").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("capacity")
    assert page.url.endswith("/room")


def test_a_form_is_sent_once_however_often_its_button_is_pressed(look: Look, site: Site) -> None:
    sent: list[Query] = []
    site.page(
        "/once", lambda: '<form method="post" action="/do" data-plain><button>R</button></form>'
    )

    def slowly(query: Query) -> Answer:
        sent.append(query)
        return "200 OK", "text/html", iter([b" " * 10, b"done"])

    site.answers["/do"] = slowly
    page = look("/once")
    page.evaluate("for (let i = 0; i < 3; i++) document.querySelector('#main form button').click()")
    page.wait_for_url("**/do")
    assert len(sent) == 1


def test_metric_names_complete_within_a_query(look: Look, site: Site) -> None:
    names = ["http_requests_total", "http_request_duration_seconds_bucket", "up"]
    site.json("/telemetry/api/v1/label/__name__/values", lambda _: {"data": names})
    page = look(GUIDE)
    box = page.locator("[data-metric-complete]")
    box.press_sequentially("rate(requests_t")
    options = page.locator(".combo-list").get_by_role("option")
    expect(options).to_have_text(["http_requests_total"])
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", re.compile("combo-.*"))
    box.press("Enter")
    expect(box).to_have_value("rate(http_requests_total")
    expect(options).to_have_count(0)


def matrix(query: Query) -> dict[str, Any]:
    start, end, step = (float(query[name][0]) for name in ("start", "end", "step"))
    times = [start + at * step for at in range(int((end - start) / step) + 1)]
    series = [
        {"metric": {"node": f"web-{n}"}, "values": [[at, str(n)] for at in times]} for n in (1, 2)
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": series}}


def test_a_chart_asks_draws_and_zooms_by_dragging(look: Look, site: Site) -> None:
    asked: list[Query] = []

    def answer(query: Query) -> dict[str, Any]:
        asked.append(query)
        return matrix(query)

    site.json("/telemetry/api/v1/query_range", answer)
    link = '<a class="button" href="/report" data-range-link hidden>Report</a>'
    chart = '{% chart "up" title="Up" unit="nodes" %}'
    site.page("/chart", lambda: f'<section class="sheet"><div>{chart}{link}</div></section>')
    page = look("/chart")
    expect(page.locator(".chart .legend tbody tr")).to_have_count(2)
    expect(page.locator(".chart .legend tbody")).to_contain_text("node=web-2")
    expect(page.locator(".chart .plot")).to_have_attribute(
        "aria-label", re.compile("web-2 2 nodes")
    )
    assert asked[0]["query"] == ["up"]
    assert float(asked[0]["end"][0]) - float(asked[0]["start"][0]) >= 3600
    report = page.get_by_role("link", name="Report")
    expect(report).to_be_hidden()
    box = page.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40, steps=5)
    page.mouse.up()
    expect(report).to_be_visible()
    assert re.search(r"\?start=\d+&end=\d+", page.url)
    assert "query=up" in (report.get_attribute("href") or "")
    wanted = float(asked[-1]["end"][0]) - float(asked[-1]["start"][0])
    assert 1700 < wanted < 1900
    page.get_by_role("button", name="Whole range").click()
    expect(report).to_be_hidden()
    assert "start=" not in page.url


def test_a_chart_says_what_the_store_says(look: Look, site: Site) -> None:
    site.json(
        "/telemetry/api/v1/query_range",
        lambda _: {"status": "error", "errorType": "bad_data", "error": "unexpected end of input"},
    )
    site.page("/wrong", lambda: '{% chart "rate(" %}')
    expect(look("/wrong").get_by_text("unexpected end of input")).to_be_visible()


def test_a_form_on_a_page_changes_only_what_changed(look: Look, site: Site) -> None:
    done: list[str] = []
    spacer = "".join(f"<p>{at}</p>" for at in range(80))
    note = '<textarea name="note" aria-label="Note"></textarea>'
    form = f'<form method="post" action="/ack">{note}<button name="word" value="yes">Ack</button>'
    site.page("/list", lambda: f'<p id="done">{done}</p>{spacer}{form}</form>')

    def ack(query: Query) -> Answer:
        done.append(query["word"][0])
        return "302 Found", "text/html|/list", [b""]

    site.answers["/ack"] = ack
    page = look("/list")
    page.evaluate("window.kept = true")
    button = page.get_by_role("button", name="Ack")
    button.scroll_into_view_if_needed()
    page.get_by_label("Note").fill("seen")
    before = page.evaluate("scrollY")
    button.click()
    expect(page.locator("#done")).to_contain_text("yes")
    expect(page.get_by_label("Note")).to_have_value("")
    assert page.evaluate("window.kept") is True
    assert page.evaluate("scrollY") == before
    button.click()
    expect(page.locator("#done")).to_contain_text("'yes', 'yes'")


def test_a_form_that_is_refused_shows_why_and_keeps_what_was_typed(look: Look, site: Site) -> None:
    def main(value: str, wrong: str) -> str:
        return (
            f'<form method="post" action="/write"><input name="t" aria-label="Text" value="{value}"'
            f" {'aria-invalid=true' if wrong else ''}>{wrong}<button>Save</button></form>"
        )

    site.page("/write", lambda: main("", ""))
    site.page("/write-wrong", lambda: main("abc", "Too short."))
    get = site.answers["/write"]
    site.answers["/write"] = lambda query: (
        site.answers["/write-wrong"](query) if query["method"] == ["POST"] else get(query)
    )
    page = look("/write")
    page.get_by_label("Text").fill("abc")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Too short.")).to_be_visible()
    expect(page.get_by_label("Text")).to_have_value("abc")
    expect(page.get_by_label("Text")).to_be_focused()


def test_a_refreshed_chart_makes_room_for_larger_values(look: Look, site: Site) -> None:
    size = [1.0]

    def answer(query: Query) -> dict[str, Any]:
        body = matrix(query)
        for series in body["data"]["result"]:
            series["values"] = [[at, str(size[0])] for at, _ in series["values"]]
        return body

    site.json("/telemetry/api/v1/query_range", answer)
    site.page("/grows", lambda: '{% chart "up" refresh=0.5 %}')
    page = look("/grows")
    last = page.locator(".chart .legend tbody td").first
    expect(last).to_have_text("1")
    small = line_height(page)
    size[0] = 50.0
    expect(last).to_have_text("50")
    page.wait_for_timeout(300)
    assert abs(line_height(page) - small) < 20


def line_height(page: Page) -> float:
    """How far below the top of the canvas a flat line lies, in pixels; fails when it is cut off."""
    row: float = page.evaluate("""() => {
        const canvas = document.querySelector(".chart canvas");
        const context = canvas.getContext("2d");
        const x = Math.round(canvas.width * 0.6);
        const column = context.getImageData(x, 0, 1, canvas.height).data;
        let best = -1, most = 60;
        for (let y = 0; y < canvas.height; y++) {
            const [r, g, b, a] = column.slice(4 * y, 4 * y + 4);
            const colour = a > 128 ? Math.max(r, g, b) - Math.min(r, g, b) : 0;
            if (colour > most) { best = y; most = colour; }
        }
        return best;
    }""")
    assert row > 0, "the line is not on the canvas"
    return row


def test_what_scrolls_can_be_reached_by_keyboard(look: Look, site: Site) -> None:
    line = "a word " * 60
    site.page("/wide", lambda: f"<h2>Log</h2><section><h2>Lines</h2><pre>{line}</pre></section>")
    page = look("/wide", width=360)
    pre = page.locator("pre")
    expect(pre).to_have_attribute("tabindex", "0")
    expect(pre).to_have_attribute("aria-label", "Lines: text")
    page.set_viewport_size({"width": 8000, "height": 800})
    page.evaluate("document.querySelector('pre').textContent = 'short'")
    page.set_viewport_size({"width": 700, "height": 800})
    expect(pre).not_to_have_attribute("tabindex", "0")
