"""Every function by name."""

from collections.abc import Callable

from watchbill.telemetry.promql import ast
from watchbill.telemetry.promql.scope import Scope, Value

from . import elementwise, histograms, info, native, presence, ranges, relabel

Function = Callable[[Scope, ast.Call], Value]

FUNCTIONS: dict[str, Function] = {
    **dict.fromkeys(elementwise.MATH, elementwise.apply_math),
    **dict.fromkeys(elementwise.CALENDAR, elementwise.apply_calendar),
    **dict.fromkeys(ranges.RANGE_FUNCTIONS, ranges.apply_range_function),
    **dict.fromkeys(native.STATISTICS, native.apply_statistic),
    **dict.fromkeys(("time", "pi", "start", "end", "step", "range"), elementwise.apply_constant),
    **dict.fromkeys(("min_of", "max_of"), elementwise.apply_choice),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_max"), elementwise.apply_clamp),
    **dict.fromkeys(("sort", "sort_desc"), presence.apply_sort),
    **dict.fromkeys(("sort_by_label", "sort_by_label_desc"), presence.apply_sort_by_label),
    "round": elementwise.apply_round,
    "absent": presence.apply_absent,
    "absent_over_time": ranges.apply_absent_over_time,
    "scalar": presence.apply_scalar,
    "vector": presence.apply_vector,
    "timestamp": presence.apply_timestamp,
    "start_timestamp": presence.apply_start_timestamp,
    "label_replace": relabel.apply_label_replace,
    "label_join": relabel.apply_label_join,
    "histogram_quantile": histograms.apply_quantile,
    "histogram_quantiles": histograms.apply_quantiles,
    "histogram_fraction": histograms.apply_fraction,
    "info": info.apply_info,
}
