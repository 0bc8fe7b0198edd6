"""Templates in annotations; the expected texts are Prometheus's own."""

import math

import pytest

from watchbill.alerts.annotate import WrongTemplate, check, fill

LABELS = {"instance": "web-1:9100", "job": "web"}


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("plain", 1.0, "plain"),
        ("{{ $labels.instance }} of {{$labels.job}}", 1.0, "web-1:9100 of web"),
        ("{{ .Labels.job }}", 1.0, "web"),
        ("[{{ $labels.absent }}]", 1.0, "[]"),
        ("{{ $value }}", 0.5, "0.5"),
        ("{{ $value }}", 3.0, "3"),
        ("{{ $value }}", math.inf, "+Inf"),
        ("{{ $value | humanize }}", 1234567.0, "1.235M"),
        ("{{ $value | humanize }}", 0.0012, "1.2m"),
        ("{{ $value | humanize }}", 0.0, "0"),
        ("{{ $value | humanize1024 }}B", 5368709120.0, "5GiB"),
        ("{{ $value | humanizePercentage }}", 0.1234, "12.34%"),
        ("{{ humanizeDuration $value }}", 3725.0, "1h 2m 5s"),
        ("{{ humanizeDuration $value }}", 0.025, "25ms"),
        ("{{ humanizeTimestamp $value }}", 1435065584.128, "2015-06-23 13:19:44 +0000 UTC"),
        ('{{ printf "%.2f" $value }}', 1.005, "1.00"),
        ('{{ $value | printf "%.0f%%" }}', 12.0, "12%"),
        ('{{ (printf "%s-%s" $labels.job "x") | toUpper }}', 1.0, "WEB-X"),
        ('{{ index $labels "job" }}', 1.0, "web"),
        ("{{ $labels.instance | stripPort }}", 1.0, "web-1"),
        ('{{ $labels.instance | reReplaceAll "(.*):.*" "$1!" }}', 1.0, "web-1!"),
        ("{{- $labels.job -}}", 1.0, "web"),
    ],
)
def test_what_a_template_gives(template: str, value: float, text: str) -> None:
    check(template)
    assert fill(template, LABELS, value) == text


@pytest.mark.parametrize(
    "template",
    ["{{ if $value }}x{{ end }}", '{{ query "up" }}', "{{ $labels.job ", "{{ $value | }}", "{{ }}",
     "{{ $other }}", "{{ ( $value }}"],
)  # fmt: skip
def test_what_cannot_be_filled_is_found_when_the_file_is_read(template: str) -> None:
    with pytest.raises(WrongTemplate):
        check(template)


def test_what_goes_wrong_later_stands_in_the_text() -> None:
    assert fill("{{ humanize $labels.job }}", LABELS, 1.0).startswith("<error: ")
