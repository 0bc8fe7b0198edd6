"""The layout is a tested promise: short files, names that say something, writes in their place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "watchbill"
LINES = 500
CATCH_ALLS = {"common", "core", "helpers", "misc", "services", "tools", "utils"}

# Files that only read: pages render a read or perform an act, and never write a row themselves.
READERS = {"api.py", "forms.py", "reads.py", "rest.py", "tables.py", "timeline.py", "views.py"}
WRITES = {
    "bulk_create", "bulk_update", "create", "delete", "get_or_create", "save", "update_or_create",
    "abulk_create", "abulk_update", "acreate", "adelete", "aget_or_create", "asave",
    "aupdate", "aupdate_or_create", "execute", "executemany",
}  # fmt: skip
QUERIES = {"all", "annotate", "exclude", "filter", "objects", "order_by", "select_for_update"}


def python_files(*folders: str) -> list[Path]:
    found = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return sorted(f for f in found if "migrations" not in f.parts and "node_modules" not in f.parts)


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def writes(tree: ast.AST) -> Iterator[str]:
    """Calls that write rows. `.update()` counts on a query only: sets and dicts have one too."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        method, on = node.func.attr, node.func.value
        if method in WRITES or (method == "update" and is_query(on)):
            yield f"{method}() in line {node.lineno}"


def is_query(node: ast.expr) -> bool:
    """Whether an expression is a chain such as `Page.objects.filter(…)`."""
    while True:
        match node:
            case ast.Attribute(value=inner, attr=name):
                if name in QUERIES:
                    return True
                node = inner
            case ast.Call(func=inner):
                node = inner
            case _:
                return False


@pytest.mark.parametrize("file", python_files("src", "tests", "bench", "scripts"), ids=name_of)
def test_a_file_is_short_and_says_what_it_is_for(file: Path) -> None:
    text = file.read_text()
    lines = text.count("\n")
    assert lines <= LINES, f"{lines} lines: split it where its subject splits"
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no docstring at the top"


@pytest.mark.parametrize("file", [f for f in python_files("src") if f.name in READERS], ids=name_of)
def test_a_reader_writes_no_rows(file: Path) -> None:
    assert list(writes(ast.parse(file.read_text()))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("Incident.objects.filter(pk=1).update(title='x')", ["update() in line 1"]),
        ("incident.save()", ["save() in line 1"]),
        ("Page.objects.create()", ["create() in line 1"]),
        ("cursor.execute('DELETE FROM page')", ["execute() in line 1"]),
        ("context.update(other)", []),
        ("seen = set(); seen.update([1])", []),
    ],
)
def test_the_check_sees_what_writes(code: str, found: list[str]) -> None:
    assert list(writes(ast.parse(code))) == found


def test_nothing_is_named_for_everything() -> None:
    modules = {file.stem for file in python_files("src")}
    folders = {path.name for path in SOURCES.rglob("*") if path.is_dir()}
    assert CATCH_ALLS & modules == set()
    assert (CATCH_ALLS - {"services"}) & folders == set()  # the example shop has real services
