"""What is experimental can be left out, by name."""

import pytest

from watchbill import env
from watchbill.telemetry.promql import features
from watchbill.telemetry.promql.errors import ParseError
from watchbill.telemetry.promql.parse import parse


def test_the_setting_knows_all_features() -> None:
    assert set(env.PROMQL_FEATURES) == features.ALL


@pytest.mark.parametrize(
    ("query", "feature", "position"),
    [
        ("sum(mad_over_time(a[5m]))", features.FUNCTIONS, (4, 24)),
        ("a + limitk(2, b)", features.FUNCTIONS, (4, 16)),
        ("limit_ratio by (x) (0.5, a)", features.FUNCTIONS, (0, 27)),
        ("(a </ 2)", features.FUNCTIONS, (1, 7)),
        ("rate(a[5m] anchored)", features.RANGES, (5, 19)),
        ("a smoothed", features.RANGES, (0, 10)),
        ("a + fill(0) b", features.FILLS, (0, 13)),
        ("a + on(x) fill_left(0) b", features.FILLS, (0, 24)),
        ("rate(a[5m + step()])", features.DURATIONS, (5, 19)),
        ("a offset (1m * 2)", features.DURATIONS, (0, 17)),
        ("max_over_time(a[5m:step()])", features.DURATIONS, (14, 26)),
    ],
)
def test_only_what_is_enabled_is_understood(
    query: str, feature: str, position: tuple[int, int]
) -> None:
    assert parse(query) == parse(query, [feature])
    with pytest.raises(ParseError, match=feature) as caught:
        parse(query, features.ALL - {feature})
    assert caught.value.position == position


@pytest.mark.parametrize(
    "query",
    [
        "sum by (a) (rate(b[5m] offset -5m))",
        "last_over_time(a[1h:5m] @ end())",
        "topk(2, a) + on(b) group_left(c) d",
        "histogram_quantile(0.9, a) > bool 5",
    ],
)
def test_the_rest_needs_no_feature(query: str) -> None:
    assert parse(query, []) == parse(query)
