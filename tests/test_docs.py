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
