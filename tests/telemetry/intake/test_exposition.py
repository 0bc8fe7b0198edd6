"""The exposition parser: pages as programs serve them, wrong lines with their number, noise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.telemetry.exemplars import Exemplar
from watchbill.telemetry.intake.exposition import ExpositionError, parse, series_labels
from watchbill.telemetry.intake.metadata import Metadata

# From the format's documentation.
PAGE = """\
# HELP http_requests_total The total number of HTTP\\nrequests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time{path="C:\\\\DIR\\\\FILE.TXT",error="No:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by } zero",} +Inf -3982045
"""


def test_reads_the_page_of_the_documentation() -> None:
    page = parse(PAGE)
    rows = [(series_labels(s.series), s.value, s.t_ms) for s in page.samples]
    assert rows == [
        ({"__name__": "http_requests_total", "method": "post", "code": "200"}, 1027, 1395066363000),
        ({"__name__": "http_requests_total", "method": "post", "code": "400"}, 3, 1395066363000),
        (
            {
                "__name__": "msdos_file_access_time",
                "path": "C:\\DIR\\FILE.TXT",
                "error": 'No:\n"FILE.TXT"',
            },
            1.458255915e9,
            None,
        ),
        ({"__name__": "metric_without_timestamp_and_labels"}, 12.47, None),
        ({"__name__": "something_weird", "problem": "division by } zero"}, math.inf, -3982045),
    ]
    assert page.metadata == {
        "http_requests_total": Metadata("counter", "The total number of HTTP\nrequests.", "")
    }


def test_reads_openmetrics() -> None:
    page = parse(
        "# TYPE foo_seconds counter\n# UNIT foo_seconds seconds\n"
        'foo_seconds_total{a="b"} 17.0 1520879607.789 # {trace_id="x # y"} 1.0 1520879607.1\n'
        '{"quoted.name",a="1"} 2\n# EOF\n',
        openmetrics=True,
    )
    assert [(s.value, s.t_ms) for s in page.samples] == [(17.0, 1520879607789), (2.0, None)]
    assert series_labels(page.samples[1].series) == {"__name__": "quoted.name", "a": "1"}
    assert page.metadata["foo_seconds"] == Metadata("counter", "", "seconds")
    assert page.exemplars == [
        (page.samples[0].series, Exemplar((("trace_id", "x # y"),), 1.0, 1520879607100))
    ]


def test_reads_every_kind_of_openmetrics() -> None:
    page = parse(
        '# TYPE build info\n# HELP build What is \\"it\\".\nbuild_info{version="1"} 1\n'
        '# TYPE state stateset\nstate{state="on"} 1\nstate{state="off"} 0\n'
        "# TYPE seen counter\nseen_total 4\nseen_created 1.5e9\n"
        '# TYPE size gaugehistogram\nsize_bucket{le="+Inf"} 2 # {} 1\nsize_gcount 2\n# EOF',
        openmetrics=True,
    )
    assert [(s.series, s.value) for s in page.samples][-4:] == [
        ("seen_total", 4.0), ("seen_created", 1.5e9), ('size_bucket{le="+Inf"}', 2.0),
        ("size_gcount", 2.0),
    ]  # fmt: skip
    assert {name: about.type for name, about in page.metadata.items()} == {
        "build": "info", "state": "stateset", "seen": "counter", "size": "gaugehistogram",
    }  # fmt: skip
    assert page.metadata["build"].help == 'What is "it".'
    assert page.exemplars == [('size_bucket{le="+Inf"}', Exemplar((), 1.0, 0))]


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("a 1 # {b=1} 1\n# EOF", "line 1: bad exemplar: bad labels"),
        ("a 1 # b 1\n# EOF", "line 1: bad exemplar: expected {labels}"),
        ('a 1 # {b="c"} x\n# EOF', "line 1: bad exemplar"),
        ('a 1 # {b="c"} 1 1e300\n# EOF', "line 1: bad exemplar: the time is out of range"),
        ("# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF", "line 2: the name does not end in its unit"),
        ("# EOF\na 1\n# EOF\n", "line 2: text after # EOF"),
        ("# TYPE a thing\n# EOF", "line 1: unknown metric type 'thing'"),
        ("a 1 1e300\n# EOF", "line 1: not a number"),
    ],
)  # fmt: skip
def test_wrong_openmetrics_is_refused_with_its_line(page: str, says: str) -> None:
    with pytest.raises(ExpositionError, match=says):
        parse(page, openmetrics=True)


def test_quoted_names_are_described() -> None:
    page = parse('# HELP "my.metric" A \\\\ b\n# TYPE "my.metric" counter\n{"my.metric"} 1\n')
    assert page.metadata == {"my.metric": Metadata("counter", "A \\ b", "")}


def test_openmetrics_without_an_end_is_cut_off() -> None:
    with pytest.raises(ExpositionError, match="# EOF"):
        parse("a 1\n", openmetrics=True)


@pytest.mark.parametrize(
    "line",
    [
        "a",
        'a{x="1" 2',
        "a b",
        "a 1 2 3",
        "1a 2",
        "a 1_000",
        'a{x="\\"} 1',
        "{} 1",
        "a 1 x",
        "=",
        "a{",
    ],
)
def test_a_wrong_line_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ExpositionError, match="line 2: "):
        parse(f"good 1\n{line}\n")


@pytest.mark.parametrize(
    "series", ['{a="b"}', "a{b=1}", 'a{b="1" c="2"}', 'a{b="1",b="2"}', "a{1=2}"]
)
def test_wrong_labels_are_refused(series: str) -> None:
    with pytest.raises(ValueError, match=r"label|metric name"):
        series_labels(series)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.dictionaries(
        st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,5}", fullmatch=True), VALUES, max_size=4
    ),
    st.floats(),
)
def test_any_labels_and_value_come_back(labels: dict[str, str], value: float) -> None:
    labels.pop("__name__", None)
    inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    (sample,) = parse(f"m{{{inside}}} {value!r}\n").samples
    assert series_labels(sample.series) == {**labels, "__name__": "m"}
    assert sample.value == value or (math.isnan(value) and math.isnan(sample.value))


LINES = st.lists(
    st.sampled_from([
        "a 1", "a 2", "a  3", "a\t4", "a 5 6", " a 7", "a 8 ", 'b{x="y z"} 1', 'b{x="y z"} 2 3',
        'b{x="y z"} NaN', "a +Inf", "a 1_0", "a \u0661", "a x", "# c", "", "a",
    ]),
    max_size=6,
)  # fmt: skip


@given(LINES)
def test_known_series_are_read_as_unknown_ones(lines: list[str]) -> None:
    def read(known: set) -> object:
        try:
            return repr(parse("\n".join(lines), known=known))
        except ExpositionError as error:
            return str(error)

    assert read({"a", 'b{x="y z"}'}) == read(set())


@given(st.text(st.sampled_from('a1{}="\\, \n#.e+_'), max_size=60))
def test_noise_is_refused_or_read_but_never_crashes(noise: str) -> None:
    try:
        for openmetrics in (False, True):
            for sample in parse(noise, openmetrics=openmetrics).samples:
                series_labels(sample.series)
    except ValueError:
        pass


def test_a_long_unclosed_label_takes_no_time() -> None:
    with pytest.raises(ExpositionError):
        parse("m{" + 'a="' * 20_000)
