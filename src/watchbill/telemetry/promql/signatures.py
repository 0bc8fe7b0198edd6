"""The functions of PromQL: what they take and give. The engine holds one entry for each."""

from dataclasses import dataclass

from .ast import ValueType


@dataclass(frozen=True)
class Signature:
    """Argument types in order; the last repeats when `variadic`. `required` come at least."""

    args: tuple[ValueType, ...]
    returns: ValueType
    required: int
    variadic: bool = False

    def type_of(self, index: int) -> ValueType:
        """The type of an argument."""
        return self.args[min(index, len(self.args) - 1)]

    def accepts(self, count: int) -> bool:
        """Whether a call may have this many arguments."""
        return self.required <= count and (self.variadic or count <= len(self.args))


_TYPES: dict[str, ValueType] = {"v": "vector", "m": "matrix", "s": "scalar", "t": "string"}


def _signatures(names: str, args: str, returns: str = "v") -> dict[str, Signature]:
    """`args` has a letter for each argument; after `?` they are optional, `*` repeats the last."""
    needed, _, optional = args.rstrip("*").partition("?")
    types = tuple(_TYPES[letter] for letter in needed + optional)
    required = len(needed) - (args.endswith("*") and not optional)
    signature = Signature(types, _TYPES[returns], required, args.endswith("*"))
    return dict.fromkeys(names.split(), signature)


ELEMENTWISE = (
    "abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh"
    " asinh acosh atanh rad deg"
)
CALENDAR = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
NATIVE_HISTOGRAM = "histogram_count histogram_sum histogram_avg histogram_stddev histogram_stdvar"

SIGNATURES: dict[str, Signature] = {
    **_signatures(f"{ELEMENTWISE} {NATIVE_HISTOGRAM}", "v"),
    **_signatures("sort sort_desc timestamp start_timestamp absent", "v"),
    **_signatures(CALENDAR, "?v"),
    **_signatures(
        "rate irate increase delta idelta deriv changes resets avg_over_time sum_over_time"
        " count_over_time min_over_time max_over_time last_over_time first_over_time"
        " stddev_over_time stdvar_over_time present_over_time absent_over_time mad_over_time"
        " ts_of_min_over_time ts_of_max_over_time ts_of_last_over_time ts_of_first_over_time",
        "m",
    ),
    **_signatures("quantile_over_time", "sm"),
    **_signatures("predict_linear", "ms"),
    **_signatures("double_exponential_smoothing holt_winters", "mss"),
    **_signatures("time pi step range start end", "", "s"),
    **_signatures("min_of max_of", "ss", "s"),
    **_signatures("scalar", "v", "s"),
    **_signatures("vector", "s"),
    **_signatures("round", "v?s"),
    **_signatures("clamp", "vss"),
    **_signatures("clamp_min clamp_max", "vs"),
    **_signatures("histogram_quantile", "sv"),
    **_signatures("histogram_quantiles", "vts?s*"),
    **_signatures("histogram_fraction", "ssv"),
    **_signatures("label_replace", "vtttt"),
    **_signatures("label_join", "vttt*"),
    **_signatures("sort_by_label sort_by_label_desc", "vt*"),
    **_signatures("info", "v?v"),
}
