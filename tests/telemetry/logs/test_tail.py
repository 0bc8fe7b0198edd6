"""A reader of a live tail: what it is given, and what happens when it is slow."""

from tests.telemetry.logs.stores import NOW_NS, A, B, line

from watchbill.telemetry.logs import tail as tail_module
from watchbill.telemetry.logs.logql.parse import parse_lines
from watchbill.telemetry.logs.tail import Tail


def test_it_is_woken_for_lines_it_wants_only() -> None:
    woken: list[int] = []
    tail = Tail(parse_lines('{app="a"} |= "x" | logfmt | n > 1'), lambda: woken.append(1))
    tail.put([line("x n=2", 0, B), line("y n=2")])
    assert woken == []
    tail.put([line("x n=1", 2), line("x n=2", 1, metadata=(("k", "v"),))])
    assert woken == [1]
    found, dropped = tail.take()
    assert [(one.line, dict(one.labels)) for one in found] == [
        ("x n=2", {"app": "a", "k": "v", "n": "2"})
    ]
    assert dropped == []
    assert tail.take() == ([], [])


def test_a_slow_reader_is_told_what_it_missed(monkeypatch) -> None:
    monkeypatch.setattr(tail_module, "MAX_WAITING_LINES", 3)
    tail = Tail(parse_lines('{app="a"}'), lambda: None)
    tail.put([line(str(k)) for k in range(5)])
    tail.put([line("5")])
    found, dropped = tail.take()
    assert [one.line for one in found] == ["0", "1", "2"]
    assert [(one.labels, one.t_ns) for one in dropped] == [(A, NOW_NS)] * 3
    tail.put([line("6")])
    assert [one.line for one in tail.take()[0]] == ["6"]
