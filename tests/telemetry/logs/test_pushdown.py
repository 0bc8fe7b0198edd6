"""Line filters in SQL keep exactly the lines that they keep in Python."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telemetry.logs.stores import NOW_NS

from watchbill.telemetry.logs.block import Asked, Block
from watchbill.telemetry.logs.logql.line_filter import LineFilter
from watchbill.telemetry.logs.pushdown import quoted
from watchbill.telemetry.logs.table import TABLES, ChdbLines
from watchbill.telemetry.promql.storage import PatternError
from watchbill.telemetry.store.chdb import open_chdb

LINES = [
    'level=error msg="payment refused" order=4711', "GET /a%20b_c HTTP/1.1", "it's", "a\\b", "",
    "payment", "xpaymenty", "épayment", "payment_", "payment-é", "PAYMENT", "two\nlines", "%", "_",
    "nul \x00 byte", "日本 payment 語", "tab\tpayment\r", "order 4711 taken", "a.b*c",
    "Straße \u212a",
]  # fmt: skip
WORDS = st.sampled_from([
    "payment", "order", "4711", "a", "é", " ", "%", "_", "\\", "'", '"', "b_c", "日本", "\x00",
    "\n", "-", ".", "pay", "ment", "",
])  # fmt: skip
TEXT = st.lists(WORDS, max_size=3).map("".join)
PATTERN = st.one_of(
    TEXT,
    st.sampled_from([
        r"\bpayment\b", r"\b4711\b", r"\bpay\b", r"\bé\b", r"(?i)payment", r"(?i)straße", "^$", ".",
        r"\d+", "a.b", r"two.lines", r"(?s)two.lines", r"[^a-z]$", "payment|order", r"\x00",
        "(?i)k",
        "pay(ment)?_", r"\w+ \w+", r"\pL", r"^\s*$", "é.", r"\Bpayment", "a{2}|b*",
    ]),
)  # fmt: skip
FILTERS = st.one_of(
    st.builds(LineFilter, st.sampled_from(["|=", "!="]), st.lists(TEXT, min_size=1,
    max_size=2).map(tuple)),
    st.tuples(st.sampled_from(["|~", "!~"]), st.lists(PATTERN, min_size=1, max_size=2).map(tuple)),
)  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbLines]:
    folder: Path = tmp_path_factory.mktemp("pushdown")
    chdb = open_chdb(folder, TABLES)
    table = ChdbLines(chdb)
    numbers = list(range(len(LINES)))
    table.put([Block.of([0] * len(LINES), [NOW_NS + n for n in numbers], LINES, [()] * len(LINES))])
    yield table
    chdb.close()


@pytest.mark.server
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(FILTERS, min_size=1, max_size=2))
def test_as_in_python(stored: ChdbLines, asked: list) -> None:
    filters = []
    for one in asked:
        try:
            filters.append(one if isinstance(one, LineFilter) else LineFilter(*one))
        except PatternError:
            return
    rows = stored.select(Asked([0], 0, NOW_NS * 2, filters), 1_000, newest_first=False)
    assert [row.text for row in rows] == [
        line for line in LINES if all(one.keeps(line) for one in filters)
    ]


def test_literals_hold_no_character_that_ends_them() -> None:
    assert quoted("it's \\ é\n") == r"'it\x27s \x5c \xc3\xa9\x0a'"
