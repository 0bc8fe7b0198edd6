"""The documentation says what the code does: printed pages are fresh, what it names exists."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from watchbill import env

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SOURCES = ROOT / "src" / "watchbill"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")
IMAGE = re.compile(r"docs/images/[\w.-]+|images/[\w.-]+\.png")
CODE_FILE = re.compile(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|ts|html|css))(?::\w+)?`")
COMMAND = re.compile(r"(?:^|`|run )(?:\$ )?watchbill ([a-z][a-z-]*)", re.MULTILINE)
ACT = re.compile(r"(?:watchbill (?:act|may) |/api/v1/acts/)([a-z]+\.[a-z_]+)")
SETTING = re.compile(r"\bWATCHBILL_[A-Z_]+")
OF_COMMANDS = {"WATCHBILL_EXECUTION"}  # given to what runbooks run


def pages() -> list[Path]:
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))


def printed() -> dict[str, Callable[[], str]]:
    """What `watchbill docs` writes, by name."""
    from watchbill.cli import command_reference

    found = {"settings.md": env.reference, "commands.md": command_reference}
    for file in sorted(SOURCES.glob("*/reference.py")):
        found |= import_module(f"watchbill.{file.parent.name}.reference").PAGES
    return found


def test_the_printed_pages_are_what_the_code_says() -> None:
    kept = {file.name: file.read_text() for file in (DOCS / "reference").glob("*.md")}
    wanted = {name: render() for name, render in printed().items()}
    assert sorted(kept) == sorted(wanted)
    assert [name for name in wanted if kept[name] != wanted[name]] == [], "run `watchbill docs`"


@pytest.mark.parametrize("setting", env.TABLE, ids=lambda setting: setting.name)
def test_a_setting_says_what_it_is_for(setting: env.Setting) -> None:
    assert setting.doc.endswith(".")
    assert len(setting.doc) > 20


def test_every_act_and_address_says_what_it_is_for() -> None:
    from watchbill.acts.reference import addresses
    from watchbill.acts.registry import KINDS

    assert [name for name, kind in KINDS.items() if not kind.doc.endswith((".", "?"))] == []
    assert [route for route, _, doc in addresses() if not doc.endswith(".")] == []


@every_page
def test_links_within_the_documentation_lead_somewhere(page: Path) -> None:
    lost = []
    for target, anchor in LINK.findall(page.read_text()):
        there = page.parent / target if target else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(f"{target}#{anchor}")
    assert lost == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.skipif(not (DOCS / "images").is_dir(), reason="no images are kept yet")
def test_the_images_of_the_pages_exist() -> None:
    named = {Path(image).name for page in pages() for image in IMAGE.findall(page.read_text())}
    assert named - {image.name for image in (DOCS / "images").iterdir()} == set()


@every_page
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    names = {name for name in CODE_FILE.findall(page.read_text()) if not is_of_every_app(name)}
    folders = ("src", "tests", "bench", "scripts", "frontend")
    held = [str(path) for folder in folders for path in files(folder)]
    assert [name for name in names if not any(path.endswith(f"/{name}") for path in held)] == []


def files(folder: str) -> Iterator[Path]:
    return (path for path in (ROOT / folder).rglob("*.*") if "node_modules" not in path.parts)


def is_of_every_app(name: str) -> bool:
    return "/" not in name and any(SOURCES.glob(f"*/{name}"))


@every_page
def test_the_commands_acts_and_settings_that_a_page_names_exist(page: Path) -> None:
    from watchbill.acts.registry import KINDS
    from watchbill.cli import watchbill

    text = page.read_text()
    commands = watchbill.list_commands(watchbill.make_context("w", ["version"]))
    assert set(COMMAND.findall(text)) - set(commands) == set()
    assert set(ACT.findall(text)) - set(KINDS) == set()
    known = {setting.name for setting in env.TABLE} | OF_COMMANDS
    assert set(SETTING.findall(text)) - known - {"WATCHBILL_"} == set()


def test_every_page_can_be_found_from_the_index() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / target).resolve() for target, _ in LINK.findall(index.read_text()) if target}
    assert [str(page) for page in DOCS.rglob("*.md") if page not in linked | {index}] == []


@pytest.mark.parametrize("record", sorted((DOCS / "adr").glob("*.md")), ids=lambda path: path.name)
def test_a_decision_is_recorded_shortly(record: Path) -> None:
    lines = record.read_text().splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith(f"# {record.name[:4]}. ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d, (accepted|replaced by \[\d{4}\].*)", lines[2])
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert headings == ["Context", "Decision", "Alternatives", "Consequences"]


def test_contributors_are_told_what_each_package_holds() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text()
    for package in SOURCES.glob("*/__init__.py"):
        says = ast.get_docstring(ast.parse(package.read_text())) or ""
        assert f"| `{package.parent.name}/` | {says.partition(chr(10))[0]} |" in told


def test_the_readme_counts_the_duties_as_they_are() -> None:
    counted = re.search(r"\d+ of \d+ duties", (DOCS / "reference" / "duties.md").read_text())
    assert counted
    assert counted[0] in (ROOT / "README.md").read_text()
