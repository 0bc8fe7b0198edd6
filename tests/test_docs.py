"""The documentation says what the code does: printed pages are fresh, links lead somewhere."""

import re
from pathlib import Path

import pytest

from watchbill import env

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!\w+:)([^)#\s]+)[^)]*\)")


def test_the_page_of_settings_is_what_the_table_says() -> None:
    page = DOCS / "reference" / "settings.md"
    assert page.read_text() == env.reference(), "run `watchbill docs`"


@pytest.mark.parametrize("setting", env.TABLE, ids=lambda setting: setting.name)
def test_a_setting_says_what_it_is_for(setting: env.Setting) -> None:
    assert setting.doc.endswith(".")
    assert len(setting.doc) > 20


def pages() -> list[Path]:
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_documentation_lead_somewhere(page: Path) -> None:
    targets = [page.parent / target for target in LINK.findall(page.read_text())]
    assert [str(target) for target in targets if not target.exists()] == []


def test_the_printed_pages_are_what_the_code_says() -> None:
    from watchbill.acts import reference as acts
    from watchbill.cli import command_reference
    from watchbill.ladder import reference as ladder

    printed = {**acts.PAGES, **ladder.PAGES, "commands.md": command_reference}
    stale = [
        name
        for name, render in printed.items()
        if not (DOCS / "reference" / name).exists()
        or (DOCS / "reference" / name).read_text() != render()
    ]
    assert stale == [], "run `watchbill docs`"


def test_every_act_and_address_says_what_it_is_for() -> None:
    from watchbill.acts.reference import addresses
    from watchbill.acts.registry import KINDS

    assert [name for name, kind in KINDS.items() if not kind.doc.endswith((".", "?"))] == []
    assert [route for route, _, doc in addresses() if not doc.endswith(".")] == []
