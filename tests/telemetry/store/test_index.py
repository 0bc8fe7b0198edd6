"""The series index: matchers against the plain definition, ids that last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.storage import Labels, Matcher, MatchOp, labels_of
from watchbill.telemetry.store.index import METRIC_SHIFT, SeriesIndex, SeriesLimitError

LABELS = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from(["", "x", "xy", "z\n"]), max_size=3
)
MATCHER = st.builds(
    Matcher,
    st.sampled_from("abcd"),
    st.sampled_from(["=", "!=", "=~", "!~"]),
    st.sampled_from(["", "x", "x.*", ".*", ".+", "x|", "z."]),
)


@given(st.lists(LABELS, max_size=8), st.lists(MATCHER, max_size=3))
def test_selects_by_definition(sets: list[dict[str, str]], matchers: list[Matcher]) -> None:
    index = SeriesIndex()
    for labels in sets:
        index.intern(labels_of({**labels, "__name__": "m"}))
    expected = [
        labels
        for labels in index.labels
        if all(matcher.matches(dict(labels).get(matcher.name, "")) for matcher in matchers)
    ]
    assert [index.labels[slot] for slot in index.select(matchers)] == expected


def test_ids_of_one_metric_lie_together_and_outlive_a_restart() -> None:
    first = SeriesIndex()
    given_labels: list[Labels] = [
        labels_of({"__name__": name, "i": str(i)}) for i in range(3) for name in ("a", "b")
    ]
    for labels in given_labels:
        first.intern(labels)
    ids = dict(zip(first.labels, first.ids().tolist(), strict=True))
    assert (
        len({one >> METRIC_SHIFT for labels, one in ids.items() if ("__name__", "a") in labels})
        == 1
    )

    second = SeriesIndex()
    for labels, one in sorted(ids.items(), key=lambda item: item[1]):
        second.restore(one, labels)
    fresh = second.intern(labels_of({"__name__": "a", "i": "new"}))
    other = second.intern(labels_of({"__name__": "c"}))
    assert dict(zip(second.labels, second.ids().tolist(), strict=True)) == {
        **ids,
        second.labels[fresh]: int(second.ids()[fresh]),
        second.labels[other]: int(second.ids()[other]),
    }
    assert len(set(second.ids().tolist())) == 8


@pytest.mark.parametrize("op", ["=", "=~"])
def test_an_unknown_label_selects_nothing(op: MatchOp) -> None:
    index = SeriesIndex()
    index.intern(labels_of({"__name__": "a"}))
    assert len(index.select([Matcher("nope", op, "x")])) == 0


def test_the_limit_is_an_error_that_says_so() -> None:
    index = SeriesIndex(limit=1)
    index.intern(labels_of({"__name__": "a"}))
    index.intern(labels_of({"__name__": "a"}))
    with pytest.raises(SeriesLimitError, match="limit of 1 "):
        index.intern(labels_of({"__name__": "b"}))


@pytest.mark.parametrize("more", [{f"l{n}": "x" for n in range(256)}, {"l": "x" * 65_536}])
def test_a_series_has_no_boundless_labels(more: dict[str, str]) -> None:
    index = SeriesIndex()
    with pytest.raises(SeriesLimitError, match="exceed what a series may have") as told:
        index.intern(labels_of({"__name__": "m", **more}))
    assert len(str(told.value)) < 500
    assert len(index) == 0
