"""The template tags: what they give, and that nothing a person wrote becomes markup."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError

from watchbill.lib import clock
from watchbill.web.templatetags import wb

EVIL = '<script>alert("1")</script>'


def render(source: str, **context: Any) -> str:
    return Template(source).render(Context(context)).strip()


def test_when_shows_the_time_and_how_long_ago_with_utc_on_hover() -> None:
    moment = clock.now() - timedelta(minutes=24)
    shown = render("{% when moment %}", moment=moment)
    assert f'datetime="{moment.isoformat()}"' in shown
    assert "<span data-ago>24 min ago</span>" in shown
    assert re.search(r'data-tip="[\d-]+ [\d:]+ UTC"', shown)


def test_when_without_a_moment_is_a_dash_and_an_unknown_form_an_error() -> None:
    assert "\N{EN DASH}" in render("{% when None %}")
    with pytest.raises(TemplateSyntaxError, match="no form 'later'"):
        render("{% when moment 'later' %}", moment=clock.now())


def test_duration_takes_seconds_and_timedeltas() -> None:
    assert render("{% duration 7500 %}") == "2 h 5 min"
    assert render("{% duration d %}", d=timedelta(seconds=7500)) == "2 h 5 min"


@pytest.mark.parametrize(
    "source",
    ["{% tag 'bad' text %}", "{% person text %}", "{% markdown text %}", "{% chart title=text %}"],
)
def test_what_a_person_wrote_never_becomes_markup(source: str) -> None:
    assert "<script" not in render(source, text=EVIL)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[go](javascript:alert(1))", "<p>[go](javascript:alert(1))</p>"),
        ("[go](data:text/html,x)", "<p>[go](data:text/html,x)</p>"),
        ("[go](/incidents/)", '<p><a href="/incidents/">go</a></p>'),
        (
            "[go](https://example.com)",
            '<p><a href="https://example.com" rel="noopener noreferrer nofollow">go</a></p>',
        ),
        ("# Title", "<h3>Title</h3>"),
        ("###### Deep", "<h6>Deep</h6>"),
        (
            "![x](https://example.com/x.png)",
            '<p><a href="https://example.com/x.png" rel="noopener noreferrer nofollow">x</a></p>',
        ),
    ],
)
def test_markdown_is_safe_and_loads_nothing_from_elsewhere(text: str, shown: str) -> None:
    assert shown in render("{% markdown text %}", text=text)


def test_a_picture_with_a_script_address_stays_text() -> None:
    shown = render("{% markdown text %}", text="![x](javascript:alert(1)) ![y](data:text/html,z)")
    assert "<a" not in shown
    assert "<img" not in shown


def test_a_term_links_to_its_place_in_the_glossary_and_must_be_known() -> None:
    shown = render("{% term 'error budget' 'budget' %}")
    assert 'href="/glossary#error-budget"' in shown
    assert ">budget</a>" in shown
    with pytest.raises(KeyError):
        render("{% term 'flux capacitor' %}")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ada Byron", "AB"), ("ann", "A"), ("Jean-Luc M. Picard", "JP"), ("", "?")],
)
def test_a_face_shows_at_most_two_letters(name: str, letters: str) -> None:
    assert wb.initials(name) == letters


def test_a_chart_hands_its_settings_over_and_reads_without_a_script() -> None:
    at = datetime(2026, 3, 3, 2, 38, tzinfo=UTC)
    shown = render(
        "{% chart 'rate(errors[5m])' title='Errors' unit='percent' marks=marks result=result %}",
        marks=[{"at": at, "label": "payments 4.12", "kind": "guide"}],
        result=[{"metric": {"service": "shop"}, "values": [[1, "0.5"], [2, "0.7"]]}],
    )
    found = re.search(r'data-chart="([^"]*)"', shown)
    assert found
    settings = json.loads(unescape(found[1]))
    assert settings["query"] == "rate(errors[5m])"
    assert settings["marks"][0]["at"] == at.timestamp()
    assert settings["window"] == 3600
    assert "0.7" in shown.split("chart-fallback")[1]
    assert "payments 4.12</li>" in shown


class OneField(forms.Form):
    name = forms.CharField(help_text="As on the door.")


def test_a_field_says_what_is_wrong_beside_it_and_to_screen_readers() -> None:
    shown = render("{% field form.name %}", form=OneField({"name": ""}))
    assert 'aria-invalid="true"' in shown
    described = re.search(r'aria-describedby="([^"]*)"', shown)
    assert described
    for name in described[1].split():
        assert f'id="{name}"' in shown
    assert "This field is required." in shown


@pytest.mark.parametrize("section", ["now", "incidents"])
def test_the_rail_marks_its_section_and_counts_what_waits(section: str) -> None:
    shown = render("{% rail True %}", nav={"section": section, "counts": {"now": 3}})
    assert shown.count('aria-current="page"') == 1
    assert ", 3 waiting" in shown
