"""Hypothesis strategies for PromQL queries, as text, and for stores to ask them of."""

import math

from hypothesis import strategies as st

from watchbill.telemetry.promql.ast import AGGREGATIONS, PARAMETRIC_AGGREGATIONS
from watchbill.telemetry.promql.signatures import CALENDAR, ELEMENTWISE, SIGNATURES
from watchbill.telemetry.promql.storage import STALE, InMemory

STEP = 30_000
STEPS = 8
METRICS = ("a_total", "b", "c_bucket")
LABELS = {"job": ("x", "y"), "le": ("0.1", "1", "+Inf", "odd"), "host": ("h1", "h2", "h10")}

DURATIONS = st.sampled_from(("1s", "30s", "1m", "90s", "2m", "45", "1m+30s", "2*1m", "(3m)/2"))
OFFSETS = st.sampled_from(
    (" offset 30s", " offset -1m", " @ 60", " @ 60 offset 1m", " offset (1m)")
)
NUMBERS = st.sampled_from(("0", "1", "2.5", "-3", "1e3", "0x1f", "NaN", "Inf", "-Inf", "1m", ".5"))
QUANTILES = st.sampled_from(("0", "0.3", "0.5", "1", "-1", "2", "NaN"))
MATCHERS = st.sampled_from(
    ('job="x"', 'job!="x"', 'host=~"h1.*"', 'host!~"h.|z"', "job=`y`", '"job"="x"', 'le=""')
)
RANGE_FUNCTIONS = sorted(
    name for name, signature in SIGNATURES.items() if signature.args == ("matrix",)
)


def names(least: int = 0) -> st.SearchStrategy[str]:
    """A list of label names in parentheses."""
    several = st.lists(st.sampled_from(sorted(LABELS)), min_size=least, max_size=2, unique=True)
    return several.map(lambda chosen: f"({', '.join(chosen)})")


@st.composite
def selectors(draw: st.DrawFn) -> str:
    """An instant selector."""
    metric = draw(st.sampled_from(METRICS))
    matchers = ", ".join(draw(st.lists(MATCHERS, max_size=2)))
    if draw(st.booleans()):
        return f"{metric}{{{matchers}}}" if matchers else metric
    return f'{{"{metric}"{", " if matchers else ""}{matchers}}}'


@st.composite
def matrices(draw: st.DrawFn, depth: int) -> str:
    """A range selector or subquery."""
    shift = draw(st.sampled_from(("",)) | OFFSETS)
    if depth == 0 or draw(st.booleans()):
        return f"{draw(selectors())}[{draw(DURATIONS)}]{shift}"
    step = draw(st.sampled_from(("", "30s", "15s")))
    return f"({draw(vectors(depth - 1))})[{draw(DURATIONS)}:{step}]{shift}"


@st.composite
def scalars(draw: st.DrawFn, depth: int) -> str:
    """A scalar expression."""
    if depth == 0:
        return draw(NUMBERS)
    op = draw(st.sampled_from(("+", "-", "*", "/", "%", "^", "> bool", "== bool", "atan2")))
    forms = [
        f"scalar({draw(vectors(depth - 1))})",
        f"({draw(scalars(depth - 1))} {op} {draw(scalars(depth - 1))})",
        f"-{draw(scalars(0))}",
        "time()",
        "pi()",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def binaries(draw: st.DrawFn, depth: int) -> str:
    """An operation with a vector on at least one side."""
    left, right = draw(vectors(depth)), draw(vectors(depth))
    arithmetic = draw(st.sampled_from(("+", "-", "*", "/", "%", "^", "atan2")))
    comparison = draw(st.sampled_from(("==", "!=", "<", ">", "<=", ">=", "< bool", "== bool")))
    op = draw(st.sampled_from((arithmetic, comparison)))
    how = draw(st.sampled_from(("on", "ignoring")))
    matching = f"{how} {draw(names())}"
    extra = st.sampled_from(("()", "(other)", "(host)") if "host" not in matching else ("()",))
    group = f"{draw(st.sampled_from(('group_left', 'group_right')))} {draw(extra)}"
    fill = draw(st.sampled_from(("", "fill (0)", "fill_left (1)", "fill_right (NaN)")))
    forms = [
        f"{left} {draw(st.sampled_from(('and', 'or', 'unless')))} {matching} {right}",
        f"{left} {op} {right}",
        f"{left} {op} {matching} {fill} {right}",
        f"{left} {op} {matching} {group} {fill} {right}",
        f"{left} {op} {draw(scalars(depth))}",
        f"{draw(scalars(depth))} {op} {right}",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def aggregations(draw: st.DrawFn, depth: int) -> str:
    """An aggregation with any grouping."""
    op = draw(st.sampled_from(sorted(AGGREGATIONS)))
    parameter = ""
    if op == "count_values":
        parameter = '"value", '
    elif op in PARAMETRIC_AGGREGATIONS:
        parameter = draw(QUANTILES) + ", "
    grouping = draw(st.sampled_from(("", "by ", "without ")))
    grouping = grouping and f" {grouping}{draw(names())} "
    return f"{op}{grouping}({parameter}{draw(vectors(depth))})"


@st.composite
def calls(draw: st.DrawFn, depth: int) -> str:
    """A call of any function whose result depends on the step only."""
    vector, matrix = draw(vectors(depth)), draw(matrices(depth))
    scalar, q = draw(scalars(depth)), draw(QUANTILES)
    plain = draw(st.sampled_from((*ELEMENTWISE.split(), *CALENDAR.split(), "absent", "timestamp")))
    forms = [
        f"{draw(st.sampled_from(RANGE_FUNCTIONS))}({matrix})",
        f"quantile_over_time({q}, {matrix})",
        f"predict_linear({matrix}, {scalar})",
        f"double_exponential_smoothing({matrix}, 0.5, 0.1)",
        f"{plain}({vector})",
        f"round({vector}, {scalar})",
        f"clamp({vector}, {scalar}, 2)",
        f"clamp_min({vector}, {scalar})",
        f"vector({scalar})",
        f"histogram_quantile({q}, {vector})",
        f"histogram_fraction({q}, 1, {vector})",
        f'label_replace({vector}, "host", "$1-${{1}}", "job", "(.*)")',
        f'label_join({vector}, "new", "-", "job", "host")',
    ]
    return draw(st.sampled_from(forms))


def vectors(depth: int) -> st.SearchStrategy[str]:
    """An instant vector expression, nested up to `depth`."""
    plain = st.tuples(selectors(), st.sampled_from(("",)) | OFFSETS).map("".join)
    if depth == 0:
        return plain
    inner = depth - 1
    return st.one_of(
        plain,
        binaries(inner).map(lambda text: f"({text})"),
        aggregations(inner),
        calls(inner),
        vectors(inner).map(lambda text: f"-({text})"),
    )


@st.composite
def stores(draw: st.DrawFn) -> InMemory:
    """A few series with gaps, resets, NaN, infinities and staleness markers."""
    store = InMemory()
    special = st.sampled_from((math.nan, math.inf, -math.inf, STALE, 0.0, -0.0))
    numbers = st.integers(-5, 20).map(float) | special
    for _ in range(draw(st.integers(0, 8))):
        labels = {"__name__": draw(st.sampled_from(METRICS))}
        for name, values in LABELS.items():
            labels[name] = draw(st.sampled_from(("", *values)))
        samples = draw(st.lists(st.none() | numbers, max_size=2 * STEPS))
        every = draw(st.sampled_from((STEP // 2, STEP, STEP + 7)))
        store.add(
            labels, [(at * every, value) for at, value in enumerate(samples) if value is not None]
        )
    return store
