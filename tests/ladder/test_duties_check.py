"""`watchbill duties --check`: every duty has its acts, its page, its walk, evidence and witness."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from watchbill.cli import watchbill
from watchbill.ladder import check
from watchbill.ladder.check import Traced


def row(**other: object) -> Traced:
    """A made-up duty that has everything, but for what is said."""
    made = {
        "key": "IR-L1-9", "practised_by": ("a.do",), "completed_by": ("a.confirm",),
        "page": "a:page", "evidence": "It was confirmed.", "witness": "the guide",
    }  # fmt: skip
    return Traced(**{**made, **other})


@pytest.fixture
def walks(tmp_path: Path) -> Path:
    """A folder with the walk of the made-up duty."""
    (tmp_path / "test_ir_l1_9.py").write_text("def test_ir_l1_9():\n    ...\n")
    return tmp_path


def test_a_duty_that_has_everything_lacks_nothing(walks: Path) -> None:
    assert row().lacks(lambda page: page == "a:page", walks) == []


@pytest.mark.parametrize(
    ("other", "lost"),
    [
        ({"practised_by": ()}, "no act practises it"),
        ({"completed_by": ()}, "no act completes its evidence"),
        ({"page": "b:page"}, "the page b:page does not exist"),
        ({"evidence": " "}, "its evidence is not said"),
        ({"witness": ""}, "its witness is not said"),
        ({"key": "IR-L1-8"}, "no walk: test_ir_l1_8 in tests/duties/test_ir_l1_8.py"),
    ],
)
def test_what_is_lost_is_said(walks: Path, other: dict[str, object], lost: str) -> None:
    assert row(**other).lacks(lambda page: page == "a:page", walks) == [lost]


def test_a_walk_is_a_function_of_that_name(walks: Path) -> None:
    (walks / "test_ir_l1_9.py").write_text("def test_something_else():\n    ...\n")
    assert row().lacks(lambda page: True, walks) == [
        "no walk: test_ir_l1_9 in tests/duties/test_ir_l1_9.py"
    ]


def test_walks_are_looked_for_only_beside_a_checkout() -> None:
    assert row(key="IR-L1-8").lacks(lambda page: True, None) == []


def test_all_fifty_one_duties_have_all_their_parts() -> None:
    assert len(check.rows()) == 51
    assert dict(check.lacking()) == {}


def test_the_command_says_which_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "lacking", lambda: {"IR-L1-9": ["no act practises it"]})
    told = CliRunner().invoke(watchbill, ["duties", "--check"])
    assert told.exit_code == 1
    assert "IR-L1-9: no act practises it\n" in told.output
    assert "50 of 51 duties" in told.output


def test_the_command_is_content_where_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "lacking", dict)
    told = CliRunner().invoke(watchbill, ["duties", "--check"])
    assert (told.exit_code, told.output) == (0, "51 of 51 duties have all their parts.\n")


def test_the_list_names_each_with_its_page() -> None:
    lines = CliRunner().invoke(watchbill, ["duties"]).output.splitlines()
    assert len(lines) == 51
    assert "incidents:incidents" in lines[0]
