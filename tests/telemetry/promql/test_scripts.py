"""The behaviour of the language, told in plain scripts: see `scripts/`."""

from pathlib import Path

import pytest
from tests.promqltest.histograms import histograms, stored
from tests.promqltest.run import Outcome, run

from watchbill.telemetry.promql.histogram import Histogram

pytestmark = pytest.mark.usefixtures("both_ways")

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.test"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_holds(script: Path) -> None:
    outcomes = list(run(script))
    assert outcomes
    assert [outcome for outcome in outcomes if outcome.why] == []


def test_native_histograms_are_told_apart(tmp_path: Path) -> None:
    script = (
        "load 1m\n  h {{sum:1 count:1}}\n  f 1\n\n"
        "eval instant at 0 h\n  h {{sum:1 count:1}}\n\n"
        "eval instant at 0 histogram_sum(h)\n  {} 1\n\n"
        "eval instant at 0 f\n  f 1\n"
    )
    assert [(found.native, found.why) for found in outcomes(tmp_path, script)] == [
        (True, ""), (True, ""), (False, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "1",
        "{{}}",
        "{{sum:2 count:4 buckets:[1 3]}}",
        "{{sum:1 count:4 buckets:[1 2 1]}}",
        "{{sum:1 count:4 buckets:[1 3] offset:1}}",
        "{{sum:1 count:4 n_buckets:[1 3]}}",
        "{{sum:1 count:4 buckets:[1 3] z_bucket_w:0.1}}",
        "{{schema:1 sum:1 count:4 buckets:[1 3]}}",
        "{{schema:-53 sum:1 count:4 buckets:[1 3] custom_values:[1]}}",
        "{{sum:1 count:4 buckets:[1 3] counter_reset_hint:gauge}}",
    ],
)
def test_a_wrong_histogram_is_noticed(tmp_path: Path, written: str) -> None:
    right = "{{sum:1 count:4 buckets:[1 3]}}"
    script = f"load 1m\n  h {right}\n\neval instant at 0 h\n  h {{0}}\n"
    assert outcomes(tmp_path, script.replace("{0}", right))[0].why == ""
    assert "got" in outcomes(tmp_path, script.replace("{0}", written))[0].why


def test_samples_as_classic_histograms_come_as_native_ones_too(tmp_path: Path) -> None:
    script = (
        'load_with_nhcb 1m\n  h_bucket{le="1"} 1\n  h_bucket{le="2"} 3\n'
        '  h_bucket{le="+Inf"} 4\n  h_count 4\n  h_sum 5\n\n'
        "eval instant at 0 h\n"
        "  h {{schema:-53 sum:5 count:4 custom_values:[1 2] buckets:[1 2 1]}}\n"
    )
    assert [found.why for found in outcomes(tmp_path, script)] == [""]


def test_repeated_histograms_are_added_up() -> None:
    found = histograms("{{sum:1 count:2 buckets:[2]}}+{{sum:1 count:1 buckets:[0 1]}}x2")
    assert [(one.count, one.sum, one.positive.counts.tolist()) for one in found] == [
        (2, 1, [2]), (3, 2, [2, 1]), (4, 3, [2, 2]),
    ]  # fmt: skip
    assert [one.count for one in histograms("{{count:2}}x2")] == [2, 2, 2]
    with pytest.raises(ValueError, match="weight"):
        histograms("{{count:2 weight 3}}")


def test_what_a_prometheus_knows_of_resets_after_storing() -> None:
    written = histograms("{{count:2}}+{{count:1}}x2") + histograms("{{count:1}}x1")
    gauge = histograms("{{count:1 counter_reset_hint:gauge}}")
    hints = [one.hint for one in stored([*written, *gauge]) if isinstance(one, Histogram)]
    assert hints == ["unknown", "not_reset", "not_reset", "unknown", "not_reset", "gauge"]
    assert [getattr(one, "hint", None) for one in stored([*written[:2], 1.0, *written[:1]])] == [
        "unknown", "not_reset", None, "unknown",
    ]  # fmt: skip


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


def test_what_cannot_be_read_fails_and_the_rest_goes_on(tmp_path: Path) -> None:
    script = (
        "load 1m\n  a 1\n\nload 1m\n  b what\n\nfrobnicate\n\neval sometimes a\n\n"
        "eval instant at 0 a\n  a 1\n"
    )
    found = outcomes(tmp_path, script)
    assert [(one.line, bool(one.why)) for one in found] == [
        (4, True), (7, True), (9, True), (11, False),
    ]  # fmt: skip


def test_nothing_may_come_of_a_range(tmp_path: Path) -> None:
    script = "load 1m\n  a 1\n\neval instant at 1h a[1m:1s]\n"
    assert [one.why for one in outcomes(tmp_path, script)] == [""]


def outcomes(folder: Path, script: str) -> list[Outcome]:
    path = folder / "one.test"
    path.write_text(script)
    return list(run(path))
