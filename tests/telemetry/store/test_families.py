"""Selecting by metric finds what looking at every series finds."""

from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.promql.labels import LabelTable
from watchbill.telemetry.promql.storage import Matcher, labels_of
from watchbill.telemetry.store.families import Families
from watchbill.telemetry.store.index import SeriesIndex

values = st.sampled_from(["", "x", "xy", "z"])
label_sets = st.fixed_dictionaries(
    {"__name__": st.sampled_from(["m", "n"])}, optional={"a": values, "b": values}
).map(labels_of)
matchers = st.builds(
    Matcher, st.sampled_from(["a", "b", "c"]), st.sampled_from(["=", "!="]), values
) | st.builds(
    Matcher, st.sampled_from(["a", "b", "c", "__name__"]), st.sampled_from(["=~", "!~"]),
    st.sampled_from(["x.*", "x|z", "", ".+", "m"]),
)  # fmt: skip


@given(st.lists(st.lists(label_sets, max_size=8), max_size=3), st.lists(matchers, max_size=3))
def test_families_agree_with_the_index(arrivals: list, asked: list[Matcher]) -> None:
    index = SeriesIndex()
    families = Families(index)
    wanted = [Matcher("__name__", "=", "m"), *asked]
    for batch in arrivals:  # families grow between questions
        for labels in batch:
            index.intern(labels)
        found = families.select(wanted)
        assert found is not None
        slots, columns = found
        assert slots.tolist() == index.select(wanted).tolist()
        table = LabelTable(columns.symbols, len(slots), columns.columns)
        assert table.rows() == [index.labels[slot] for slot in slots.tolist()]


def test_without_a_metric_the_index_has_to_look() -> None:
    families = Families(SeriesIndex())
    assert families.select([Matcher("a", "=", "x")]) is None
    assert families.select([Matcher("__name__", "=~", "m")]) is None
