"""What is fuzzed: readers of bytes, and the errors that they may answer bad input with.

A target is made anew in the process that runs it, so that its modules are imported there, where
they may be instrumented.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import cramjam
from tests.telemetry import machine_code

Run = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """How to read an input, and what makes mutations of it meaningful.

    `make` gives a fresh reader; it raises nothing but the errors in `errors`, given as
    `module:name`. `words` are pieces of the language, `seeds` inputs to begin with.
    """

    make: Callable[[], Run]
    errors: tuple[str, ...]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()

    def expected(self) -> tuple[type[Exception], ...]:
        """The errors as classes."""
        return tuple(_named(path) for path in self.errors)


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _words(language: str) -> tuple[str, ...]:
    """Pieces of a language, one on each line of a file."""
    text = (Path(__file__).parent / "words" / f"{language}.txt").read_text()
    return tuple(text.splitlines())


def compress(plain: bytes) -> bytes:
    """A snappy block."""
    return bytes(cramjam.snappy.compress_raw(plain))


INTAKE, LOGS = "watchbill.telemetry.intake", "watchbill.telemetry.logs"
PROMQL = "watchbill.telemetry.promql"
MALFORMED = f"{INTAKE}.protobuf:MalformedError"
LOGQL = f"{LOGS}.logql.parse"


def _no_interning(labels: object) -> int:
    return hash(labels) % 100


# --- Remote write


def _remote_write() -> Run:
    machine_code.prepare()
    decode = _named(f"{INTAKE}.remote_write:RemoteWriteDecoder")
    fresh, known = decode(_no_interning), decode(_no_interning)

    def run(data: bytes) -> None:
        """By a decoder that knows nothing and by one that has seen all series before."""
        outcomes = []
        for decoder in (fresh, known):
            try:
                outcomes.append(_columns(decoder.decode_plain(data)))
            except _named(MALFORMED):
                outcomes.append(None)
        fresh._known.clear()
        assert outcomes[0] == outcomes[1], "a body means something else the second time"

    return run


def _columns(request: Any) -> list[tuple[int, int, bytes]]:
    samples = request.samples
    values = (struct.pack("<d", value) for value in samples.v.tolist())
    return sorted(zip(samples.slots.tolist(), samples.t.tolist(), values, strict=True))


def _snappy() -> Run:
    return _named(f"{INTAKE}.remote_write:decompress")


def _remote_write_2() -> Run:
    decode = _named(f"{INTAKE}.remote_write_v2:RemoteWriteV2Decoder")
    return lambda data: decode(_no_interning).decode(compress(data))


# --- OpenTelemetry and Loki


def _otlp_metrics(json: bool) -> Run:
    read = _named(f"{INTAKE}.otlp.metrics:read_metrics")
    return lambda data: read(data, _no_interning, json=json)


def _otlp_logs(json: bool) -> Run:
    read = _named(f"{LOGS}.otlp:read_logs")
    return lambda data: read(data, 1, json=json)


def _loki_json() -> Run:
    return _named(f"{LOGS}.push:read_json")


def _loki_protobuf() -> Run:
    read = _named(f"{LOGS}.push:read_protobuf")
    return lambda data: read(compress(data))


# --- Pages of metrics


def _exposition() -> Run:
    parse = _named(f"{INTAKE}.exposition:parse")
    series_labels = _named(f"{INTAKE}.exposition:series_labels")
    wrong = _named(f"{INTAKE}.exposition:ExpositionError")

    def run(data: bytes) -> None:
        """As both formats; every series of a page that is read has a name or is refused."""
        page = data.decode("utf-8", "replace")
        for openmetrics in (False, True):
            try:
                found = parse(page, openmetrics=openmetrics)
            except wrong:
                continue
            for sample in found.samples:
                with suppress(ValueError):
                    assert series_labels(sample.series)["__name__"]

    return run


def _exposition_protobuf() -> Run:
    return _named(f"{INTAKE}.exposition_protobuf:parse_protobuf")


# --- Query languages


def _promql() -> Run:
    parse, show = _named(f"{PROMQL}.parse:parse"), _named(f"{PROMQL}.format:format_query")
    instant, limits = _named(f"{PROMQL}.engine:instant"), _named(f"{PROMQL}.scope:Limits")
    error, store = _named(f"{PROMQL}.errors:PromqlError"), _store()

    def run(data: bytes) -> None:
        """What parses means the same when it was printed, and can be evaluated or refused."""
        text = data.decode("utf-8", "replace")
        expr = parse(text)
        assert parse(show(expr)) == expr
        with suppress(error):
            instant(store, expr, 60_000, limits=limits(max_samples=10_000))

    return run


def _store() -> Any:
    store = _named(f"{PROMQL}.storage:InMemory")()
    for name in ("a", "b_total", "c_bucket"):
        for job in ("x", "y"):
            labels = {"__name__": name, "job": job, "le": "1" if job == "x" else "+Inf"}
            store.add(labels, [(t, float(t % 7000)) for t in range(0, 60_000, 5000)])
    return store


def _logql() -> Run:
    parse = _named(f"{LOGQL}:parse_logql")
    return lambda data: parse(data.decode("utf-8", "replace"))


def targets() -> dict[str, Target]:
    """Every target by name."""
    from tests.fuzz.seeds import SEEDS

    json, promql, logql, page = map(_words, ("json", "promql", "logql", "exposition"))
    known: dict[str, tuple[Callable[[], Run], tuple[str, ...], tuple[str, ...]]] = {
        "remote-write": (_remote_write, (MALFORMED,), ()),
        "snappy": (_snappy, (MALFORMED,), ()),
        "remote-write-2": (_remote_write_2, (MALFORMED,), ()),
        "otlp-metrics": (lambda: _otlp_metrics(False), (MALFORMED,), ()),
        "otlp-metrics-json": (lambda: _otlp_metrics(True), (MALFORMED,), json),
        "otlp-logs": (lambda: _otlp_logs(False), (MALFORMED,), ()),
        "otlp-logs-json": (lambda: _otlp_logs(True), (MALFORMED,), json),
        "loki-json": (_loki_json, (MALFORMED,), json),
        "loki-protobuf": (_loki_protobuf, (MALFORMED,), ()),
        "exposition": (_exposition, (), page),
        "exposition-protobuf": (_exposition_protobuf, (MALFORMED,), ()),
        "promql": (_promql, (f"{PROMQL}.errors:PromqlError",), promql),
        "logql": (_logql, (f"{LOGQL}:LogqlError",), logql),
    }
    return {
        name: Target(make, errors, SEEDS[name], words)
        for name, (make, errors, words) in known.items()
    }
