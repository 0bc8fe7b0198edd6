"""Bodies are what the specification says, read by a reader of its own."""

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.demo import wire_format

from watchbill.demo import remote_write

YEAR_2005, YEAR_2100 = 1_104_537_600_000, 4_102_444_800_000
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(
    at=st.lists(st.integers(YEAR_2005, YEAR_2100), min_size=1, max_size=5, unique=True).map(sorted),
    names=st.lists(st.dictionaries(words, words, min_size=1, max_size=3), max_size=3),
    data=st.data(),
)
def test_what_is_written_is_read(at, names, data):
    values = st.lists(st.floats(allow_nan=True), min_size=len(at), max_size=len(at))
    columns = {tuple(sorted(it.items())): data.draw(values) for it in names}
    body = remote_write.body(
        np.array(at), [(labels, np.array(column)) for labels, column in columns.items()]
    )
    assert wire_format.read(body) == {
        labels: [(t, v) for t, v in zip(at, column, strict=True) if v == v]
        for labels, column in columns.items()
    }


@pytest.mark.parametrize(
    ("status", "headers", "raised", "wait"),
    [
        (204, {}, None, 0),
        (400, {}, remote_write.Refused, 0),
        (413, {}, remote_write.Refused, 0),
        (429, {"Retry-After": "7"}, remote_write.Busy, 7),
        (500, {}, remote_write.Busy, 2),
        (503, {"Retry-After": "soon"}, remote_write.Busy, 2),
    ],
)
def test_only_what_may_pass_is_tried_again(status, headers, raised, wait):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Content-Encoding"] == "snappy"
        assert request.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
        return httpx.Response(status, headers=headers, text="reason")

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        if raised is None:
            remote_write.send(client, "http://x/write", b"")
            return
        with pytest.raises(raised, match=str(status)) as caught:
            remote_write.send(client, "http://x/write", b"")
        assert getattr(caught.value, "wait", 0) == wait
