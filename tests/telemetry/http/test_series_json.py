"""Series written by machine code are what the general way writes, to the byte."""

import asyncio
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import Response, StreamingResponse
from tests.telemetry.machine_code import in_use

from watchbill.telemetry.http import answers, query, series_json
from watchbill.telemetry.promql import engine
from watchbill.telemetry.promql.labels import LabelRows, LabelTable
from watchbill.telemetry.promql.numbers import format_sample
from watchbill.telemetry.promql.storage import Selection, labels_of
from watchbill.telemetry.promql.symbols import Symbols


@pytest.fixture(scope="module", autouse=True)
def compiled() -> Iterator[None]:
    with in_use():
        yield


def one_series(values: np.ndarray) -> Selection:
    times = 1_700_000_000_000 + 1_003 * np.arange(len(values))
    return Selection([()], np.array([0, len(values)]), times, values)


def written(data: Selection) -> list[tuple[float, str]]:
    (series,) = msgspec.json.decode(series_json.encode(data, is_vector=False))
    return [tuple(pair) for pair in series["values"]]


def test_every_kind_of_number_is_written_with_the_fewest_digits() -> None:
    random = np.random.default_rng(7)
    values = np.concatenate([
        random.integers(0, 2**64, 200_000, dtype=np.uint64).view(np.float64),  # any bits at all
        random.random(100_000) * 10.0 ** random.integers(-8, 18, 100_000),
        np.round(random.random(50_000) * 1_000, 2),
        2.0 ** np.arange(-1074, 1024),
        [0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e21, 1e22, 1e23, 2.0**53, 2.0**53 + 2,
         np.nan, np.inf, -np.inf, 2.2250738585072014e-308, 0.1, 1 / 3, 100.0, 9.5, -1234.5],
    ])  # fmt: skip
    data = one_series(values)
    for (_, text), value in zip(written(data), values.tolist(), strict=True):
        assert text == format_sample(value), value.hex()


def test_times_are_seconds_without_trailing_zeros() -> None:
    times = np.array([-1_500, -1_000, 0, 1, 10, 100, 1_000, 1_700_000_000_120])
    data = Selection([()], np.array([0, len(times)]), times, np.zeros(len(times)))
    text = series_json.encode(data, is_vector=False).decode()
    found = [pair.split(",")[0] for pair in text.partition('"values":[[')[2].split("],[")]
    assert found == ["-1.5", "-1", "0", "0.001", "0.01", "0.1", "1", "1700000000.12"]


names = st.sampled_from(["a", "b", "__name__", 'odd "name"'])
texts = st.text(max_size=6)
label_sets = st.dictionaries(names, texts, max_size=3).map(labels_of)
samples = st.lists(st.tuples(st.integers(0, 10**13), st.floats()), min_size=1, max_size=4)


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=150)
@given(st.lists(st.tuples(label_sets, samples), max_size=5), st.booleans())
def test_series_are_written_as_the_general_way_writes_them(series: list, is_vector: bool) -> None:
    rows = [labels for labels, _ in series]
    flat = [sample for _, own in series for sample in own]
    starts = np.cumsum([0, *[len(own) for _, own in series]]).astype(np.int64)
    t, v = np.array([t for t, _ in flat], np.int64), np.array([v for _, v in flat], np.float64)
    plain = Selection(rows, starts, t, v)
    shown = answers.vector(plain) if is_vector else answers.matrix(plain)
    table = LabelTable.of(Symbols(own=True), rows)
    by_column = Selection(LabelRows(table), starts, t, v, columns=table.shared())
    for data in (plain, by_column):
        text = series_json.encode(data, is_vector=is_vector)
        assert msgspec.json.decode(text) == msgspec.json.decode(msgspec.json.encode(shown))


def test_an_answer_may_be_longer_than_was_thought() -> None:
    values = np.full(2_000, 1.7976931348623157e308)  # 23 characters each
    assert [text for _, text in written(one_series(values))] == [format_sample(values[0])] * 2_000


def test_a_long_answer_is_sent_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_json, "PIECE_BYTES", 4_000)
    rows = [labels_of({"__name__": "m", "i": str(i), "text": "x" * 50 * i}) for i in range(100)]
    starts = np.arange(0, 1_100, 11)
    t, v = np.arange(1_089), np.random.default_rng(3).random(1_089)
    data = Selection(rows[:99], starts, t, v)
    assert series_json.is_long(data)
    parts = list(series_json.pieces(data, is_vector=False))
    assert len(parts) > 20
    assert max(map(len, parts)) < 10_000
    shown = msgspec.json.encode(answers.matrix(data))
    assert msgspec.json.decode(b"".join(parts)) == msgspec.json.decode(shown)
    result = engine.Result("matrix", data, warnings=("doubtful",))
    whole = asyncio.run(body_of(query._answer(result, 0, None, None)))
    assert msgspec.json.decode(whole) == {
        "status": "success", "warnings": ["doubtful"],
        "data": {"resultType": "matrix", "result": msgspec.json.decode(shown)},
    }  # fmt: skip


async def body_of(answer: Response) -> bytes:
    assert isinstance(answer, StreamingResponse)
    return b"".join([bytes(part) async for part in answer.body_iterator])
