"""Inputs to begin with: small ones that are right, so that mutations reach deep."""

import struct

from tests.telemetry.bodies import compress, field, label, sample, series, varint


def _double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def _fixed(number: int, value: int) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def _int(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


_T = 1_700_000_000_000
_NAMES = {"__name__": "a_total", "job": "x"}
_REMOTE_WRITE = series(_NAMES, [(_T, 1.5)]) + series({"__name__": "b"}, [(_T, 0.0), (_T + 1, 2.0)])
_METADATA = field(3, _int(1, 1) + field(2, b"a_total") + field(4, b"help") + field(5, b"s"))
_SPAN = _int(1, 2) + _int(2, 2)
_HISTOGRAM = (
    _int(1, 5) + _double(3, 4.5) + _int(4, 2) + _double(5, 0.001) + _int(6, 1)
    + field(11, _SPAN) + field(12, varint(2) + varint(4)) + _int(15, _T)
)  # fmt: skip
_WITH_HISTOGRAM = field(1, label("__name__", "h") + field(4, _HISTOGRAM))
_EXEMPLAR = field(3, label("trace_id", "1") + _double(2, 0.5) + _int(3, _T))
_WITH_EXEMPLAR = field(1, label("__name__", "a_total") + sample(_T, 1.0) + _EXEMPLAR)

_SYMBOLS = b"".join(field(4, text) for text in (b"", b"__name__", b"a_total", b"job", b"x"))
_V2_SERIES = field(
    5, field(1, bytes((1, 2, 3, 4))) + field(2, _double(1, 1.5) + _int(2, _T) + _int(3, _T - 1000))
)
_V2_HISTOGRAM = field(5, field(1, bytes((1, 2))) + field(3, _HISTOGRAM) + field(5, _int(1, 3)))

_ATTRIBUTE = field(1, b"service.name") + field(2, field(1, b"shop"))
_RESOURCE = field(1, field(1, _ATTRIBUTE))
_POINT = field(7, field(1, b"k") + field(2, _int(3, 4))) + _fixed(3, _T * 1_000_000) + _double(4, 1)
_GAUGE = field(1, b"a.b") + field(3, b"s") + field(5, field(1, _POINT))
_SUM = field(1, b"c") + field(7, field(1, _POINT) + _int(2, 2) + _int(3, 1))
_BOUNDS = field(6, struct.pack("<2Q", 1, 2)) + field(7, struct.pack("<d", 0.5))
_OTLP_HISTOGRAM = field(1, b"h") + field(
    9, field(1, _fixed(3, _T * 1_000_000) + _fixed(4, 3) + _double(5, 1.5) + _BOUNDS) + _int(2, 2)
)
_BUCKETS = field(8, _int(1, 2) + field(2, bytes((1, 2, 0, 1))))
_EXPONENTIAL = field(1, b"e") + field(
    10, field(1, _fixed(3, _T * 1_000_000) + _fixed(4, 4) + _int(6, 4) + _BUCKETS) + _int(2, 2)
)
_RECORD = (
    _fixed(1, _T * 1_000_000) + _int(2, 9) + field(3, b"INFO") + field(5, field(1, b"a line"))
    + field(6, _ATTRIBUTE) + field(9, bytes(16))
)  # fmt: skip


def _otlp(*parts: bytes) -> bytes:
    return field(1, _RESOURCE + field(2, b"".join(field(2, part) for part in parts)))


_FAMILY = (
    field(1, b"a_total") + field(2, b"help") + _int(3, 0)
    + field(4, label("job", "x") + field(3, _double(1, 2.0)) + _int(6, _T))
)  # fmt: skip
_CLASSIC = field(1, b"h") + _int(3, 4) + field(
    4, field(7, _int(1, 3) + _double(2, 1.5) + field(3, _int(1, 3) + _double(2, 0.5)))
)  # fmt: skip
_NATIVE = field(1, b"n") + _int(3, 4) + field(
    4,
    field(
        7,
        _int(1, 5) + _double(2, 1.5) + _int(5, 2) + _double(6, 0.001) + _int(7, 1)
        + field(12, _SPAN) + field(13, varint(2) + varint(4)),
    ),
)  # fmt: skip


def _delimited(*families: bytes) -> bytes:
    return b"".join(varint(len(family)) + family for family in families)


_OTLP_JSON = (
    b'{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":'
    b'{"stringValue":"shop"}}]},"scopeMetrics":[{"metrics":[{"name":"a.b","unit":"s","sum":'
    b'{"dataPoints":[{"asDouble":1.5,"timeUnixNano":"1700000000000000000"}],'
    b'"aggregationTemporality":2,"isMonotonic":true}}]}]}]}'
)
_LOGS_JSON = (
    b'{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":'
    b'"shop"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1700000000000000000",'
    b'"severityText":"INFO","body":{"stringValue":"a line"}}]}]}]}'
)
_LOKI_ENTRY = field(1, _int(1, 1_700_000_000) + _int(2, 5)) + field(2, b"a line") + field(
    3, field(1, b"trace") + field(2, b"1")
)  # fmt: skip
_PAGE = (
    b"# HELP a_total What it counts.\n# TYPE a_total counter\n"
    b'a_total{job="x",path="/\\"q\\\\\\n"} 1.5 1700000000000\nb +Inf\n# EOF\n'
)
_QUOTED_PAGE = (
    b'# TYPE "a.b" gauge\n{"a.b",c="d"} 2\n# TYPE h histogram\n'
    b'h_bucket{le="0.5"} 1 # {trace_id="x"} 0.25 1700000000.5\nh_count 1\nh_sum 0.25\n# EOF\n'
)

SEEDS: dict[str, tuple[bytes, ...]] = {
    "remote-write": (_REMOTE_WRITE, _REMOTE_WRITE + _METADATA, _WITH_HISTOGRAM, _WITH_EXEMPLAR),
    "snappy": (compress(_REMOTE_WRITE), compress(b""), compress(b"a" * 300)),
    "remote-write-2": (_SYMBOLS + _V2_SERIES, _SYMBOLS + _V2_HISTOGRAM),
    "otlp-metrics": (_otlp(_GAUGE, _SUM), _otlp(_OTLP_HISTOGRAM), _otlp(_EXPONENTIAL)),
    "otlp-metrics-json": (_OTLP_JSON,),
    "otlp-logs": (_otlp(_RECORD),),
    "otlp-logs-json": (_LOGS_JSON,),
    "loki-json": (
        b'{"streams":[{"stream":{"app":"shop"},"values":[["1700000000000000000","a line"]]}]}',
        b'{"streams":[{"stream":{"app":"shop"},"values":[["1","a line",{"trace":"1"}]]}]}',
    ),
    "loki-protobuf": (field(1, field(1, b'{app="shop"}') + field(2, _LOKI_ENTRY)),),
    "exposition": (_PAGE, _QUOTED_PAGE),
    "exposition-protobuf": (_delimited(_FAMILY, _CLASSIC), _delimited(_NATIVE)),
    "promql": (
        b'sum by (job) (rate(b_total{job=~"x|y"}[5m] offset 1m)) / on (job) group_left a > bool 2',
        b"histogram_quantile(0.9, sum by (le) (increase(c_bucket[1m:10s] @ end())))",
        b"topk(3, -a ^ 2) unless ignoring (le) label_replace(a, 'x', '$1', 'job', '(.*)')",
        b'{"a", job!="x"} * 0x1f * -1.5e3 % Inf or quantile_over_time(scalar(b_total), a[30s])',
    ),
    "logql": (b'{app="shop", host=~"h.*"} |= "error" != `debug` |~ "a.c" !~ "x"',),
}
