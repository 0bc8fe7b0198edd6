"""The command line's words become an act's parameters."""

from pathlib import Path

import click
import pytest

from watchbill.acts.cli import _parameters


def test_words_become_parameters(tmp_path: Path) -> None:
    runbook = tmp_path / "first-look.md"
    runbook.write_text("---\nslug: first-look\n---\n")
    assert _parameters(["--text", f"@{runbook}"]) == {"text": runbook.read_text()}
    assert _parameters(["--text", runbook.read_text()]) == {"text": runbook.read_text()}
    assert _parameters(["--why=a=b", "--now", "--scopes", "write", "--scopes", "query"]) == {
        "why": "a=b", "now": True, "scopes": ["write", "query"],
    }  # fmt: skip


def test_a_word_without_a_name_is_told() -> None:
    with pytest.raises(click.UsageError, match="'sev2': expected --name value"):
        _parameters(["sev2"])
