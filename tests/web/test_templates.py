"""Every template of the project: nothing the content security policy refuses, only known names."""

import json
import re
from pathlib import Path

import pytest

from watchbill.web.glossary import GLOSSARY

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "src").rglob("templates/**/*.html"))
ICONS = set(json.loads((ROOT / "frontend/src/icons.json").read_text()))
REFUSED = {
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an event attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
    "something htmx would evaluate": r"\shx-on|\bjs:|hx-trigger=\"[^\"]*\[",
    "something of another host": r"(src|<link[^>]*href)\s*=\s*[\"']?(https?:)?//",
}  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "src/watchbill"))


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_a_template_holds_nothing_that_the_policy_refuses(template: Path) -> None:
    text = re.sub(r"{%.*?%}|{{.*?}}", "", template.read_text())
    found = [what for what, pattern in REFUSED.items() if re.search(pattern, text, re.IGNORECASE)]
    assert found == []


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_a_template_names_only_icons_and_words_that_exist(template: Path) -> None:
    text = template.read_text()
    assert set(re.findall(r"{% icon \"([^\"]+)\"", text)) - ICONS == set()
    terms = {term.lower() for term in re.findall(r"{% term \"([^\"]+)\"", text)}
    assert terms - set(GLOSSARY) == set()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<p style="color:red">', "a style attribute"),
        ("<script>x()</script>", "an inline script"),
        ('<a onclick="x()">', "an event attribute"),
        ('<div hx-on:click="x()">', "something htmx would evaluate"),
        ('<script src="https://cdn.example/x.js"></script>', "something of another host"),
    ],
)
def test_the_check_can_fail(text: str, what: str) -> None:
    assert re.search(REFUSED[what], text)


def test_the_glossary_is_in_order_and_in_sentences() -> None:
    assert list(GLOSSARY) == sorted(GLOSSARY)
    for word, meaning in GLOSSARY.items():
        assert meaning.endswith("."), word
        assert word == word.lower()
