"""The bundle: found by name, missing without harm, built when stale, small."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from watchbill.web import bundle

ROOT = Path(__file__).parents[2]
MOST = 150_000  # bytes of script and style on the wire for a page with charts


def test_a_name_stands_for_the_hashed_file(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"main.js": "main-4f2a.js"}))
    assert bundle.asset_url("main.js", tmp_path) == "/static/dist/main-4f2a.js"
    assert bundle.asset_url("other.js", tmp_path) is None


def test_a_missing_bundle_is_an_answer(tmp_path: Path) -> None:
    assert bundle.asset_url("main.js", tmp_path) is None


def test_a_page_without_the_bundle_still_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.template.loader import render_to_string

    monkeypatch.setattr(bundle, "DIST", tmp_path)
    page = render_to_string("web/base.html", {"nav": {"section": "now"}})
    assert "<link" not in page
    assert "<script" not in page
    assert "<svg class" not in page
    assert page.index("Incident response") < page.index("<main")


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`frontend/bundle.py`, with one source file and a bundle folder in a temporary place."""
    monkeypatch.syspath_prepend(str(ROOT / "frontend"))
    monkeypatch.delitem(sys.modules, "bundle", raising=False)
    import bundle as builder  # type: ignore[import-not-found]

    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.ts").write_text("one")
    for name in ("package.json", "package-lock.json", "vite.config.ts", "tsconfig.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/manifest.json").write_text("{}")
    monkeypatch.setattr(builder, "HERE", tmp_path)
    monkeypatch.setattr(builder, "DIST", tmp_path / "dist")
    monkeypatch.setattr(builder, "STAMP", tmp_path / "dist/stamp")
    return builder


def test_a_changed_added_or_removed_source_or_a_lost_file_makes_it_stale(
    builder: ModuleType, tmp_path: Path
) -> None:
    assert not builder.is_fresh()
    builder.STAMP.write_text(builder.wanted())
    assert builder.is_fresh()
    (tmp_path / "src/main.ts").write_text("two")
    assert not builder.is_fresh()
    (tmp_path / "src/main.ts").write_text("one")
    assert builder.is_fresh()
    (tmp_path / "src/more.ts").write_text("")
    assert not builder.is_fresh()
    (tmp_path / "src/more.ts").unlink()
    (tmp_path / "dist/manifest.json").unlink()
    assert not builder.is_fresh()


@pytest.mark.browser
def test_a_page_with_charts_stays_small(built_bundle: Path) -> None:
    sizes = {
        path.name: len(gzip.compress(path.read_bytes(), 6))
        for path in built_bundle.iterdir()
        if path.suffix in (".js", ".css", ".svg")
    }
    print(f"front end, compressed: {sum(sizes.values())} bytes {sizes}")
    assert sum(sizes.values()) < MOST


@pytest.mark.browser
def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


@pytest.mark.browser
def test_the_types_of_the_script_hold(built_bundle: Path) -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "frontend/bundle.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
