"""Names and units of OpenTelemetry as Prometheus names them: escaped, with suffixes.

`http.server.duration` in `ms` is `http_server_duration_milliseconds`. It is Prometheus's default
(`UnderscoreEscapingWithSuffixes`), so that dashboards made for it fit. Source:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
"""

import re

_NOT_IN_METRIC = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")

_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
    "us": "microseconds", "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tebibytes", "kBy": "kilobytes", "KBy": "kilobytes", "MBy": "megabytes",
    "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams",
    "Cel": "celsius", "Hz": "hertz", "%": "percent", "1": "",
}  # fmt: skip
_PER = {
    "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year",
}  # fmt: skip


def metric_name(name: str, unit: str, *, counter: bool = False, gauge: bool = False) -> str:
    """The name of a family. Raises `ValueError` when nothing of the name is left."""
    words = [word for word in _NOT_IN_METRIC.split(name) if word]
    words += [word for word in _unit_words(unit) if word and word not in words]
    if counter:
        words = [word for word in words if word != "total"] + ["total"]
    if gauge and unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    joined = "_".join(words)
    if not _NOT_IN_METRIC.sub("", name):
        raise ValueError(f"metric name {name!r} has no letter or digit")
    return f"_{joined}" if joined[0].isdigit() else joined


def unit_name(unit: str) -> str:
    """A unit in words: `By/s` is `bytes_per_second`."""
    return "_".join(word for word in _unit_words(unit) if word)


def _unit_words(unit: str) -> tuple[str, str]:
    """What a unit adds to a name: the unit itself, and what it is told per. Annotations in
    braces, as in `{request}`, add nothing."""
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if "{" in main or "}" in main else _clean(_UNITS.get(main, main))
    per = "" if "{" in per or "}" in per else _clean(_PER.get(per, per))
    return main, f"per_{per}" if per else ""


def _clean(unit: str) -> str:
    return _NOT_IN_METRIC.sub("_", unit).strip("_")


def label_name(attribute: str) -> str:
    """The name of a label. Raises `ValueError` when the attribute has none."""
    if not attribute:
        raise ValueError("an attribute has no name")
    name = _NOT_IN_LABEL.sub("_", attribute)
    if name[0].isdigit():
        return f"key_{name}"
    return f"key{name}" if name[0] == "_" and name[:2] != "__" else name
