"""The behaviour of the language, told in plain scripts: see `scripts/`."""

from pathlib import Path

import pytest
from tests.promqltest.run import Outcome, run

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds(script: Path) -> None:
    outcomes = list(run(script))
    assert outcomes
    assert [outcome for outcome in outcomes if outcome.why] == []


def test_native_histograms_are_told_apart(tmp_path: Path) -> None:
    (outcome,) = outcomes(
        tmp_path, "load 1m\n  h {{sum:1 count:1}}\n\neval instant at 0 h\n  h 1\n"
    )
    assert outcome.native
    assert outcome.why


@pytest.mark.parametrize(
    ("expectation", "why"),
    [
        ("a 2", "got"),
        ("b 1", "missing"),
        ("", "unexpected"),
        ("expect fail", "should have failed"),
        ("a 1\n  expect warn", "no warn"),
        ("1", "got"),
    ],
)
def test_a_wrong_expectation_is_noticed(tmp_path: Path, expectation: str, why: str) -> None:
    script = f"load 1m\n  a 1\n\neval instant at 0 a\n  {expectation}\n"
    (outcome,) = outcomes(tmp_path, script)
    assert why in outcome.why


def outcomes(folder: Path, script: str) -> list[Outcome]:
    path = folder / "one.test"
    path.write_text(script)
    return list(run(path))
