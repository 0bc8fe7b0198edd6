"""Classic histograms made native ones with custom bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.intake.exposition import Exposition, parse
from watchbill.telemetry.intake.native_histogram import checked
from watchbill.telemetry.scrape.custom_bounds import converted

PAGE = """\
# TYPE took histogram
took_bucket{path="/",le="0.5"} 2
took_bucket{path="/",le="1"} 2
took_bucket{path="/",le="+Inf"} 5 # {trace_id="abc"} 3 1
took_sum{path="/"} 7.5
took_count{path="/"} 5
# TYPE other gauge
other_sum 4
other_bucket{le="1"} 4
# EOF
"""


def page(text: str = PAGE) -> Exposition:
    return parse(text, openmetrics=True)


def test_the_parts_become_one() -> None:
    found = converted(page(), keep_classic=False)
    [row] = found.histograms
    assert row.series == (("__name__", "took"), ("path", "/"))
    told = row.histogram
    assert (told.schema, told.count, told.sum) == (-53, 5.0, 7.5)
    assert told.bounds.tolist() == [0.5, 1.0]
    assert dict(zip(told.positive.index.tolist(), told.positive.counts, strict=True)) == {
        0: 2.0, 2: 3.0,
    }  # fmt: skip
    assert checked(told, whole=True) is told
    assert [sample.series for sample in found.samples] == ["other_sum", 'other_bucket{le="1"}']
    assert [series for series, _ in found.exemplars] == [row.series]


def test_the_parts_may_stay_beside_it() -> None:
    found = converted(page(), keep_classic=True)
    assert len(found.histograms) == 1
    assert len(found.samples) == len(page().samples)


@pytest.mark.parametrize(
    "text",
    [
        "# TYPE took histogram\ntook_sum 4\n# EOF",
        '# TYPE took histogram\ntook_bucket{le="1"} 4\ntook_bucket{le="+Inf"} 3\n# EOF',
        '# TYPE took histogram\ntook_bucket{le="x"} 4\n# EOF',
        "# TYPE took histogram\ntook_bucket 4\n# EOF",
        'took_bucket{le="+Inf"} 3\ntook_count 3\ntook_sum 1\n# EOF',
    ],
)
def test_what_makes_no_histogram_stays_as_it_is(text: str) -> None:
    found = converted(page(text), keep_classic=False)
    assert found.histograms == []
    assert found.samples == page(text).samples


@given(st.dictionaries(st.floats(-1e6, 1e6), st.integers(0, 9), max_size=6), st.integers(0, 9))
def test_every_observation_is_where_it_was(buckets: dict[float, int], beyond: int) -> None:
    reached, lines = 0, ["# TYPE h histogram"]
    for bound in sorted(buckets):
        reached += buckets[bound]
        lines.append(f'h_bucket{{le="{bound!r}"}} {reached}')
    lines += [f'h_bucket{{le="+Inf"}} {reached + beyond}', f"h_count {reached + beyond}", "# EOF"]
    [row] = converted(page("\n".join(lines)), keep_classic=False).histograms
    told = row.histogram
    assert told.bounds.tolist() == sorted(buckets)
    expected = [*(buckets[bound] for bound in sorted(buckets)), beyond]
    held = dict(zip(told.positive.index.tolist(), told.positive.counts, strict=True))
    assert [held.get(at, 0) for at in range(len(expected))] == expected
