"""The exposition parser: pages as programs serve them, wrong lines with their number, noise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(st.text(st.sampled_from('a1{}="\\, \n#.e+_'), max_size=60))
def test_noise_is_refused_or_read_but_never_crashes(noise: str) -> None:
    try:
        for sample in parse(noise).samples:
            series_labels(sample.series)
    except ValueError:
        pass


def test_a_long_unclosed_label_takes_no_time() -> None:
    with pytest.raises(ExpositionError):
        parse("m{" + 'a="' * 20_000)
