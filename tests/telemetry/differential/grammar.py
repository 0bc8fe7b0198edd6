"""Queries from a seed, over metrics that exist, in the language that 2.42 and 3.14 share.

Every form is typed, so that most queries mean something; some are wrong on purpose. Left out is
what cannot agree: functions newer than 2.42, durations without a unit, numbers with underscores.
Windows never begin or end at a sample (3.0 opened them to the left): see `Moments`.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.telemetry.differential.answers import Question
from tests.telemetry.differential.recording import Recording

Maker = Callable[[int], str]

INSTANT_FUNCTIONS = (
    "abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh asinh"
    " acosh atanh rad deg day_of_month day_of_week day_of_year days_in_month hour minute month"
    " year timestamp absent sort sort_desc histogram_count histogram_sum"
)
GAUGE_RANGE_FUNCTIONS = (
    "delta idelta deriv changes resets avg_over_time sum_over_time count_over_time min_over_time"
    " max_over_time last_over_time stddev_over_time stdvar_over_time present_over_time"
    " absent_over_time"
)
COUNTER_RANGE_FUNCTIONS = ("rate", "increase", "irate")
AGGREGATIONS = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"]
ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")
RANGES = ("5s", "11s", "30s", "47s", "1m", "1m30s", "2m", "4m13s", "10m", "1h")
ODD_RANGES = ("11500ms", "30500ms", "1m500ms", "2m3s500ms")
"""For subqueries, whose inner steps lie at whole seconds."""
NUMBERS = ("0", "1", "2.5", "-3", "1e3", "0x1f", "NaN", "Inf", "-Inf", ".5", "1e-9", "100", "7")
QUANTILES = ("0", "0.25", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN")


@dataclass(frozen=True)
class Moments:
    """When may be asked: `phase` is a millisecond of the second at which there is no sample."""

    first_ms: int
    last_ms: int
    phase: int

    @staticmethod
    def of(recording: Recording) -> "Moments":
        """Raises `ValueError` when a sample lies at a whole second (where subqueries look)."""
        taken = {t % 1000 for samples in recording.values() for t, _ in samples}
        if 0 in taken:
            raise ValueError("a sample lies at a whole second: scrape again")
        free = [
            ms for ms in range(1, 1000) if {ms, (ms + 500) % 1000}.isdisjoint(taken) and ms != 500
        ]
        if not free:
            raise ValueError("there are samples at every millisecond: scrape again")
        return Moments(
            min(samples[0][0] for samples in recording.values()),
            max(samples[-1][0] for samples in recording.values()),
            min(free, key=lambda ms: abs(ms - 250)),
        )

    def at(self, chance: random.Random) -> int:
        """A moment, mostly between the first and the last sample, else some minutes beside."""
        aside = chance.choice((0, 0, 0, 0, 0, 0, 0, -40_000, 60_000, 310_000))
        second = chance.randint(self.first_ms // 1000, self.last_ms // 1000) + aside // 1000
        return second * 1000 + self.phase


class Grammar:
    """Makes queries over the series of a recording."""

    def __init__(self, recording: Recording, chance: random.Random, moments: Moments) -> None:
        self._chance = chance
        self._moments = moments
        self._series: dict[str, list[dict[str, str]]] = {}
        for labels in sorted(recording):
            fields = dict(labels)
            self._series.setdefault(fields.pop("__name__"), []).append(fields)
        self._names = sorted(self._series)
        self._counters = [
            name for name in self._names if name.endswith(("_total", "_count", "_sum", "_bucket"))
        ]
        self._histograms = [name for name in self._names if name.endswith("_bucket")]
        self._of_several = [name for name in self._names if len(self._series[name]) > 1]

    def question(self) -> Question:
        """A query with its time or times."""
        chance, moments = self._chance, self._moments
        text = self._query()
        if chance.random() < 0.5:
            at = moments.at(chance)
            return Question(text, at, at, 0)
        start = moments.at(chance)
        step = chance.choice((1000, 2000, 7000, 15_000, 60_000))
        return Question(text, start, start + step * chance.randint(0, 40), step)

    def _query(self) -> str:
        forms: list[tuple[int, Callable[[], str]]] = [
            (84, lambda: self._vector(self._chance.choice((0, 1, 1, 2, 2, 3)))),
            (6, lambda: self._choosing(1)),
            (4, lambda: self._scalar(2)),
            (2, lambda: self._matrix(1, self._names)),
            (4, self._wrong),
        ]
        return self._pick(forms)()

    def _pick(self, forms: Sequence[tuple[int, Callable[[], str]]]) -> Callable[[], str]:
        weights = [weight for weight, _ in forms]
        return self._chance.choices([form for _, form in forms], weights)[0]

    # Selectors

    def _selector(self, names: Sequence[str], shift: bool = True) -> str:
        chance = self._chance
        name = chance.choice(names)
        if chance.random() < 0.05:
            pattern = chance.choice(
                (f"{name[: len(name) // 2]}.*", f"{name}|up", ".*_alloc_bytes", "scrape_.+")
            )
            return f'{{__name__=~"{pattern}"}}' + self._shift(shift)
        labels = chance.choice(self._series[name])
        matchers = [
            self._matcher(key, labels[key])
            for key in chance.sample(
                sorted(labels), min(len(labels), chance.choice((0, 0, 0, 0, 1, 1, 2)))
            )
        ]
        if chance.random() < 0.05:
            matchers.append(chance.choice(('none=""', 'none!="x"', 'none=~".*"', 'none="x"')))
        if chance.random() < 0.08:
            return f"{{{', '.join([f'__name__={chr(34)}{name}{chr(34)}', *matchers])}}}" + (
                self._shift(shift)
            )
        shown = f"{{{', '.join(matchers)}}}" if matchers or chance.random() < 0.05 else ""
        return name + shown + self._shift(shift)

    def _matcher(self, label: str, value: str) -> str:
        op = self._chance.choice(("=", "=", "=", "!=", "=~", "=~", "!~"))
        if op in ("=~", "!~"):
            plain = "".join(char if char.isalnum() else "." for char in value)
            value = self._chance.choice(
                (plain, plain[:1] + ".*", f"{plain}|other", ".+", "[a-m].*")
            )
        return f"{label}{op}{_quoted(value)}"

    def _shift(self, wanted: bool = True) -> str:
        chance = self._chance
        if not wanted or chance.random() < 0.85:
            return ""
        at = f" @ {self._moments.at(chance) / 1000:.3f}"
        offset = f" offset {chance.choice(('3s', '20s', '1m', '-7s', '2m5s'))}"
        return chance.choice(
            (at, offset, offset, at + offset, offset + at, " @ start()", " @ end()")
        )

    def _matrix(self, depth: int, names: Sequence[str]) -> str:
        chance = self._chance
        if depth <= 0 or chance.random() < 0.75:
            name = self._selector(names, shift=False)
            return f"{name}[{chance.choice(RANGES)}]{self._shift()}"
        inner = self._pick(
            [
                (3, lambda: self._selector(names, shift=False)),
                (3, lambda: self._rate(0)),
                (2, lambda: self._vector(depth - 1)),
            ]
        )()
        step = chance.choice(("7s", "10s", "2s", "30s", ""))
        return f"({inner})[{chance.choice(ODD_RANGES)}:{step}]{self._shift()}"

    # Scalars

    def _scalar(self, depth: int) -> str:
        chance = self._chance
        if depth <= 0 or chance.random() < 0.4:
            return chance.choice(NUMBERS)
        ops = (*ARITHMETIC, *(f"{op} bool" for op in COMPARISONS))
        forms: list[tuple[int, Callable[[], str]]] = [
            (3, lambda: f"scalar({self._vector(depth - 1)})"),
            (
                3,
                lambda: (
                    f"({self._scalar(depth - 1)} {chance.choice(ops)} {self._scalar(depth - 1)})"
                ),
            ),
            (1, lambda: f"-({self._scalar(depth - 1)})"),
            (1, lambda: "time()"),
            (1, lambda: "pi()"),
        ]
        return self._pick(forms)()

    # Vectors

    def _vector(self, depth: int) -> str:
        if depth <= 0:
            return self._selector(self._names)
        forms: list[tuple[int, Maker]] = [
            (2, lambda _: self._selector(self._names)),
            (5, self._rate),
            (5, self._over_time),
            (7, self._aggregation),
            (4, self._function),
            (5, self._arithmetic),
            (3, self._with_scalar),
            (3, self._set_operation),
            (2, self._quantile_of_histogram),
            (2, self._relabelled),
            (1, lambda inner: f"-{self._vector(inner)}"),
            (1, lambda inner: f"({self._vector(inner)})"),
            (1, lambda inner: f"vector({self._scalar(inner)})"),
        ]
        weights = [weight for weight, _ in forms]
        return self._chance.choices([form for _, form in forms], weights)[0](depth - 1)

    def _rate(self, depth: int) -> str:
        name = self._chance.choice(COUNTER_RANGE_FUNCTIONS)
        return f"{name}({self._matrix(0, self._counters)})"

    def _over_time(self, depth: int) -> str:
        chance = self._chance
        matrix = self._matrix(depth, self._names)
        forms = (
            *(f"{name}({matrix})" for name in chance.sample(GAUGE_RANGE_FUNCTIONS.split(), 4)),
            f"quantile_over_time({chance.choice(QUANTILES)}, {matrix})",
            f"predict_linear({matrix}, {chance.choice(('60', '3600', '-30', '0'))})",
            f"holt_winters({matrix}, {chance.choice(('0.5, 0.1', '0.2, 0.9'))})",
        )
        return chance.choice(forms)

    def _aggregation(self, depth: int) -> str:
        chance = self._chance
        inner = self._vector(depth) if depth > 0 else self._selector(self._of_several)
        op = chance.choice((*AGGREGATIONS, *AGGREGATIONS, "quantile", "count_values"))
        parameter = {
            "quantile": f"{chance.choice(QUANTILES)}, ",
            "count_values": '"value", ',
        }.get(op, "")
        if op == "count_values":
            inner = f"round({inner}, 10)"
        if chance.random() < 0.5:
            return f"{op} {self._grouping(inner)} ({parameter}{inner})"
        return f"{op}({parameter}{inner}) {self._grouping(inner)}"

    def _choosing(self, depth: int) -> str:
        op, count = self._chance.choice(("topk", "bottomk")), self._chance.choice("1350")
        inner = self._vector(depth)
        return f"{op} {self._grouping(inner)} ({count}, {inner})"

    def _grouping(self, inner: str) -> str:
        chance = self._chance
        how = chance.choice(("by", "by", "without", ""))
        names = self._labels_in(inner)
        several = chance.sample(names, min(len(names), chance.randint(0, 2)))
        return how and f"{how} ({', '.join(several)})"

    def _labels_in(self, text: str) -> list[str]:
        """The labels of the metrics that a text names, and one that is nowhere."""
        found = {
            label
            for name in self._names
            if name in text
            for label in self._series[name][0]
            if label != "value"
        }
        return [*sorted(found), "nowhere"]

    def _function(self, depth: int) -> str:
        chance = self._chance
        inner = self._vector(depth)
        forms = (
            *(f"{name}({inner})" for name in chance.sample(INSTANT_FUNCTIONS.split(), 6)),
            f"round({inner}, {chance.choice(('0.1', '5', '10', '0.25'))})",
            f"round({inner})",
            f"clamp({inner}, {self._scalar(0)}, {self._scalar(0)})",
            f"clamp_min({inner}, {self._scalar(1)})",
            f"clamp_max({inner}, {self._scalar(1)})",
        )
        return chance.choice(forms)

    def _with_scalar(self, depth: int) -> str:
        chance = self._chance
        vector, scalar = self._vector(depth), self._scalar(1)
        op = chance.choice((*ARITHMETIC, *COMPARISONS, *(f"{op} bool" for op in COMPARISONS)))
        left, right = chance.choice(((vector, scalar), (scalar, vector)))
        return f"({left} {op} {right})"

    def _arithmetic(self, depth: int) -> str:
        chance = self._chance
        op = chance.choice((*ARITHMETIC, *COMPARISONS, *(f"{op} bool" for op in COMPARISONS)))
        name = chance.choice(self._names)
        labels = sorted(self._series[name][0])
        several = chance.sample(labels, min(len(labels), chance.randint(0, 2)))
        shown = ", ".join(several)
        one = chance.choice(("sum", "avg", "max", "count"))
        like = [other for other in self._names if sorted(self._series[other][0]) == labels]
        left, right = self._selector([name]), self._selector(like)
        grouped = f"{one} by ({shown}) ({self._selector([name])})"
        rest = [label for label in ("job", "instance") if label not in several] or ["nowhere"]
        forms = (
            f"({left} {op} {right})",
            f"({left} {op} ignoring (nowhere) {right})",
            f"({self._vector(depth)} {op} on () {self._vector(depth)})",
            f"({grouped} {op} on ({shown}) {one} by ({shown}) ({right}))",
            f"({left} {op} on ({shown}) group_left {grouped})",
            f"({left} {op} on ({shown}) group_left (nowhere) {grouped})",
            f"({grouped} {op} on ({shown}) group_right {left})",
            f"({grouped} {op} on ({shown}) group_right ({rest[0]}) {left})",
            f"({left} {op} ignoring ({shown}) group_left {one} without ({shown}) ({right}))",
            f"({left} {op} on ({shown}) {right})",
        )
        return chance.choice(forms)

    def _set_operation(self, depth: int) -> str:
        chance = self._chance
        left, right = self._vector(depth), self._vector(depth)
        names = self._labels_in(left)
        several = ", ".join(chance.sample(names, min(len(names), chance.randint(0, 2))))
        how = chance.choice(("", f"on ({several})", f"ignoring ({several})"))
        return f"({left} {chance.choice(('and', 'or', 'unless'))} {how} {right})"

    def _quantile_of_histogram(self, depth: int) -> str:
        chance = self._chance
        q, range_ = chance.choice(QUANTILES), chance.choice(RANGES)
        buckets = self._selector(self._histograms, shift=False)
        forms = (
            f"histogram_quantile({q}, {buckets})",
            f"histogram_quantile({q}, rate({buckets}[{range_}]))",
            f"histogram_quantile({q}, sum by (le, job) (rate({buckets}[{range_}])))",
            f"histogram_quantile({q}, sum by (le) (increase({buckets}[{range_}]{self._shift()})))",
        )
        return chance.choice(forms)

    def _relabelled(self, depth: int) -> str:
        chance = self._chance
        inner = self._vector(depth)
        names = self._labels_in(inner)
        source, target = chance.choice(names), chance.choice((*names, "fresh"))
        forms = (
            f'label_replace({inner}, "{target}", "$1-x", "{source}", "(.*)")',
            f'label_replace({inner}, "{target}", "${{1}}y$2", "{source}", "(.)(.*)")',
            f'label_replace({inner}, "{target}", "", "{source}", "no-such-value")',
            f'label_replace({inner}, "fresh", "$named", "{source}", "(?P<named>.+)")',
            f'label_join({inner}, "fresh", "/", {", ".join(map(_quoted, names[:3]))})',
            f'label_join({inner}, "{target}", "")',
        )
        return chance.choice(forms)

    # What both refuse

    def _wrong(self) -> str:
        chance = self._chance
        vector, matrix = (
            self._selector(self._names, shift=False),
            f"{chance.choice(self._names)}[1m]",
        )
        forms: Iterable[str] = (
            f"rate({vector})",
            f"sum({matrix})",
            f"{vector} + {matrix}",
            f"{vector} and 1",
            "1 < 2",
            f"{vector}[5m][5m]",
            f"no_such_function({vector})",
            f"sum by ({vector}",
            f"{vector} on (job) + {vector}",
            f"{vector} + on (job) group_left (job) {vector}",
            f'{vector}{{job="x"',
            f"topk({vector})",
            "{}",
            '{job=~".*"}',
            f'label_replace({vector}, "a", "b", "job", "(")',
            f"scalar({matrix})",
            f"{matrix} offset 1m offset 2m",
            f"histogram_quantile({vector}, 0.5)",
            f"clamp({vector}, 1)",
            f"{vector} == on () group_left {vector}",
            f"holt_winters({matrix}, 2, 0.5)",
            '"text"',
            f"count_values({vector})",
            f'count_values("a-", {vector})',
            f"-{matrix}",
            f"{vector} / ",
            f"sum({vector}) by (job) by (job)",
        )
        return chance.choice(tuple(forms))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
