"""The scrape configuration: the parts of Prometheus's file that say what to fetch and how.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from watchbill.telemetry.promql.storage import PatternError
from watchbill.telemetry.scrape.http_settings import (
    HTTP_FIELDS,
    UNSUPPORTED,
    HttpSettings,
    http_settings,
)
from watchbill.telemetry.scrape.page import Limits
from watchbill.telemetry.scrape.relabel import ACTIONS, Relabeller, Rule
from watchbill.telemetry.scrape.yamlfile import Entry, Fields, load

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SIZE = re.compile(r"(\d+)(B|KB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {"B": 1, "KB": 1 << 10, "KiB": 1 << 10, "MB": 1 << 20, "MiB": 1 << 20,
          "GB": 1 << 30, "GiB": 1 << 30}  # fmt: skip

DEFAULT_BODY_LIMIT = 64 << 20
PROTOCOLS = (
    "PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
    "PrometheusText0.0.4",
)  # fmt: skip
DEFAULT_PROTOCOLS = PROTOCOLS[1:]

_TOP_FIELDS = (
    "global", "scrape_configs", "scrape_config_files", "rule_files", "alerting", "remote_write",
    "remote_read", "storage", "tracing", "otlp", "runtime",
)  # fmt: skip
_LIMITS = (
    "sample_limit", "label_limit", "label_name_length_limit", "label_value_length_limit",
    "native_histogram_bucket_limit",
)  # fmt: skip
# What `global` gives as the default of every job.
_SHARED_FIELDS = (
    "scrape_interval", "scrape_timeout", "scrape_protocols", "scrape_native_histograms",
    "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb",
    "extra_scrape_metrics", "body_size_limit", "target_limit",
    "keep_dropped_targets", "metric_name_validation_scheme", *_LIMITS,
)  # fmt: skip
_GLOBAL_FIELDS = (
    *_SHARED_FIELDS, "evaluation_interval", "rule_query_offset", "external_labels",
    "query_log_file",
)  # fmt: skip
_JOB_FIELDS = (
    *_SHARED_FIELDS, *HTTP_FIELDS, "job_name", "scrape_classic_histograms", "metrics_path",
    "scheme", "params", "honor_labels", "honor_timestamps", "track_timestamps_staleness",
    "enable_compression",
    "fallback_scrape_protocol", "static_configs", "file_sd_configs", "http_sd_configs",
    "relabel_configs", "metric_relabel_configs",
)  # fmt: skip
_UNSUPPORTED_IN_GLOBAL = ("scrape_failure_log_file", "metric_name_escaping_scheme")
_UNSUPPORTED_IN_JOB = (*UNSUPPORTED, *_UNSUPPORTED_IN_GLOBAL, "native_histogram_min_bucket_factor")
_RULE_FIELDS = ("source_labels", "separator", "target_label", "regex", "modulus", "replacement",
                "action")  # fmt: skip


@dataclass(frozen=True)
class TargetGroup:
    """Addresses that share labels."""

    targets: tuple[str, ...]
    labels: dict[str, str]


@dataclass(frozen=True)
class FileDiscovery:
    """Files, by glob, that list target groups."""

    patterns: tuple[str, ...]


@dataclass(frozen=True)
class HttpDiscovery:
    """An address that lists target groups, asked every `refresh` seconds."""

    url: str
    refresh: float = 60.0
    http: HttpSettings = field(default_factory=HttpSettings)

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return re.sub(r"(?<=://)[^/]*@", "", self.url, count=1)


@dataclass(frozen=True)
class Job:
    """One scrape_config; limits of 0 are none."""

    name: str
    interval: float = 60.0
    timeout: float = 10.0
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    honor_labels: bool = False
    honor_timestamps: bool = True
    track_timestamps: bool = False
    groups: tuple[TargetGroup, ...] = ()
    files: tuple[FileDiscovery, ...] = ()
    sources: tuple[HttpDiscovery, ...] = ()
    relabel: tuple[Rule, ...] = ()
    metric_relabel: tuple[Rule, ...] = ()
    http: HttpSettings = field(default_factory=HttpSettings)
    compression: bool = True
    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    fallback_protocol: str = "PrometheusText0.0.4"
    native_histograms: bool = False
    classic_histograms: bool = False
    convert_histograms: bool = False
    extra_metrics: bool = False
    limits: Limits = field(default_factory=Limits)
    body_limit: int = DEFAULT_BODY_LIMIT
    target_limit: int = 0
    keep_dropped: int = 0


@dataclass(frozen=True)
class ScrapeSettings:
    """A whole file, and the patterns of those that it draws in by `scrape_config_files`."""

    jobs: tuple[Job, ...] = ()
    patterns: tuple[str, ...] = ()

    def files(self) -> tuple[Path, ...]:
        """The files that the patterns match now."""
        return tuple(Path(name) for one in self.patterns for name in sorted(glob.glob(one)))


def read_settings(path: Path) -> ScrapeSettings:
    """Read a scrape configuration. Raises `ConfigError` at the first wrong entry, `OSError`.

    Parts of Prometheus's file that belong elsewhere (rule_files, alerting, storage, …) are passed
    over, so that an existing file can be used as it is.
    """
    document = load(path)
    if document is None:
        return ScrapeSettings()
    top = document.fields(_TOP_FIELDS)
    shared = Job("")
    defaults = top.get("global")
    if defaults is not None:
        fields = defaults.fields(_GLOBAL_FIELDS, unsupported=_UNSUPPORTED_IN_GLOBAL)
        shared = replace(shared, **_shared(fields, shared))
    found = ScrapeSettings(
        patterns=tuple(
            str(item.path.parent / item.text()) for item in top.items("scrape_config_files")
        )
    )
    jobs: dict[str, Job] = {}
    for entry in [*top.items("scrape_configs"), *_jobs_in(found.files())]:
        job = _job(entry, shared)
        if job.name in jobs:
            raise entry.wrong(f"job {job.name!r} is defined twice")
        jobs[job.name] = job
    return replace(found, jobs=tuple(jobs.values()))


def _jobs_in(files: tuple[Path, ...]) -> Iterator[Entry]:
    for file in files:
        document = load(file)
        if document is not None:
            yield from document.fields(("scrape_configs",)).items("scrape_configs")


def _shared(fields: Fields, base: Job) -> dict[str, Any]:
    """What both `global` and a job may say."""
    scheme = fields.get("metric_name_validation_scheme")
    if scheme is not None and scheme.text() != "utf8":
        raise scheme.wrong(f"{scheme.text()!r} is not supported", "names are UTF-8: utf8")
    limits = {name: fields.read(name, Entry.whole, getattr(base.limits, name)) for name in _LIMITS}
    interval = fields.read("scrape_interval", _positive, base.interval)
    given = fields.get("scrape_timeout")
    timeout = _positive(given) if given else min(base.timeout, interval)
    if timeout > interval:
        raise fields.whole.wrong(
            f"scrape_timeout {timeout:g}s is longer than scrape_interval {interval:g}s"
        )
    native = fields.read("scrape_native_histograms", Entry.truth, base.native_histograms)
    usual = base.protocols
    if native != base.native_histograms:  # they are spoken in protobuf alone
        usual = PROTOCOLS if native else DEFAULT_PROTOCOLS
    return {
        "interval": interval,
        "timeout": timeout,
        "protocols": fields.read("scrape_protocols", _protocols, usual),
        "native_histograms": native,
        "classic_histograms": fields.read(
            "always_scrape_classic_histograms", Entry.truth, base.classic_histograms
        ),
        "convert_histograms": fields.read(
            "convert_classic_histograms_to_nhcb", Entry.truth, base.convert_histograms
        ),
        "extra_metrics": fields.read("extra_scrape_metrics", Entry.truth, base.extra_metrics),
        "limits": Limits(**limits),
        "body_limit": fields.read("body_size_limit", _size, 0) or base.body_limit,
        "target_limit": fields.read("target_limit", Entry.whole, base.target_limit),
        "keep_dropped": fields.read("keep_dropped_targets", Entry.whole, base.keep_dropped),
    }


def _job(entry: Entry, shared: Job) -> Job:
    fields = entry.fields(_JOB_FIELDS, unsupported=_UNSUPPORTED_IN_JOB)
    own = _shared(fields, shared)
    # The name that Prometheus 2 had for it.
    classic = fields.read("scrape_classic_histograms", Entry.truth, own["classic_histograms"])
    return replace(
        shared,
        **{**own, "classic_histograms": classic},
        name=fields["job_name"].text(),
        metrics_path=fields.read("metrics_path", Entry.text, "/metrics"),
        scheme=fields.read("scheme", _scheme, "http"),
        params=fields.read("params", _params, {}),
        honor_labels=fields.read("honor_labels", Entry.truth, False),
        honor_timestamps=fields.read("honor_timestamps", Entry.truth, True),
        track_timestamps=fields.read("track_timestamps_staleness", Entry.truth, False),
        groups=tuple(target_group(item) for item in fields.items("static_configs")),
        files=tuple(_file_discovery(item) for item in fields.items("file_sd_configs")),
        sources=tuple(_http_discovery(item) for item in fields.items("http_sd_configs")),
        relabel=tuple(_rule(item) for item in fields.items("relabel_configs")),
        metric_relabel=tuple(_rule(item) for item in fields.items("metric_relabel_configs")),
        http=http_settings(fields),
        compression=fields.read("enable_compression", Entry.truth, True),
        fallback_protocol=fields.read(
            "fallback_scrape_protocol", _protocol, shared.fallback_protocol
        ),
    )


def target_group(entry: Entry) -> TargetGroup:
    """One `{targets, labels}` entry. Raises `ConfigError`."""
    fields = entry.fields(("targets", "labels"))
    targets = []
    for item in fields.items("targets"):
        address = item.text()
        problem = address_problem(address)
        if problem:
            raise item.wrong(problem)
        targets.append(address)
    return TargetGroup(tuple(targets), fields.read("labels", _labels, {}))


def address_problem(address: str) -> str:
    """Why an address cannot be a target's; empty when it can."""
    if "/" in address or not address:
        return f"{address!r} is not a target, write host:port without a path"
    try:
        _ = urlsplit(f"//{address}").port
    except ValueError:
        return f"{address!r} has no valid port"
    return ""


def _labels(entry: Entry) -> dict[str, str]:
    labels = {}
    for name, value in entry.pairs():
        if not _LABEL_NAME.fullmatch(name):
            raise value.wrong(f"{name!r} is not a label name")
        labels[name] = value.text()
    return labels


def _file_discovery(entry: Entry) -> FileDiscovery:
    fields = entry.fields(("files", "refresh_interval"))
    patterns = []
    for item in fields["files"].items():
        pattern = item.text()
        if not pattern.endswith((".json", ".yml", ".yaml")):
            raise item.wrong(f"{pattern!r} must end in .json, .yml or .yaml")
        patterns.append(str(entry.path.parent / pattern))
    return FileDiscovery(tuple(patterns))


def _http_discovery(entry: Entry) -> HttpDiscovery:
    fields = entry.fields((*HTTP_FIELDS, "url", "refresh_interval"), unsupported=UNSUPPORTED)
    url = fields["url"].text()
    if not url.startswith(("http://", "https://")) or not urlsplit(url).netloc:
        raise fields["url"].wrong(f"{url!r} is not an address", "write it like http://host/path")
    refresh = fields.read("refresh_interval", _positive, 60.0)
    return HttpDiscovery(url, refresh, http_settings(fields))


def _rule(entry: Entry) -> Rule:
    fields = entry.fields(_RULE_FIELDS)
    action = fields.read("action", Entry.text, "replace").lower()
    if action not in ACTIONS:
        raise fields["action"].wrong(f"unknown action {action!r}", f"known: {', '.join(ACTIONS)}")
    rule = Rule(
        action=action,
        source_labels=tuple(item.text() for item in fields.items("source_labels")),
        separator=fields.read("separator", Entry.text, ";"),
        regex=fields.read("regex", Entry.text, "(.*)"),
        target_label=fields.read("target_label", Entry.text, ""),
        replacement=fields.read("replacement", Entry.text, "$1"),
        modulus=fields.read("modulus", Entry.whole, 0),
    )
    needs_target = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
    if action in needs_target and not rule.target_label:
        raise entry.wrong(f"{action} needs target_label")
    if action == "hashmod" and not rule.modulus:
        raise entry.wrong("hashmod needs modulus")
    try:
        Relabeller([rule])
    except PatternError as error:
        raise fields["regex"].wrong(str(error)) from None
    return rule


def _protocols(entry: Entry) -> tuple[str, ...]:
    protocols = tuple(_protocol(item) for item in entry.items())
    if not protocols or len(set(protocols)) != len(protocols):
        raise entry.wrong("give each protocol once, and at least one")
    return protocols


def _protocol(entry: Entry) -> str:
    if entry.text() not in PROTOCOLS:
        raise entry.wrong(f"unknown protocol {entry.text()!r}", f"known: {', '.join(PROTOCOLS)}")
    return entry.text()


def _params(entry: Entry) -> dict[str, tuple[str, ...]]:
    return {name: tuple(item.text() for item in value.items()) for name, value in entry.pairs()}


def _positive(entry: Entry) -> float:
    seconds = entry.seconds()
    if seconds <= 0:
        raise entry.wrong("must be longer than zero")
    return seconds


def _scheme(entry: Entry) -> str:
    scheme = entry.text()
    if scheme not in ("http", "https"):
        raise entry.wrong(f"unknown scheme {scheme!r}", "http or https")
    return scheme


def _size(entry: Entry) -> int:
    match = _SIZE.fullmatch(entry.text())
    if match is None:
        raise entry.wrong(f"{entry.text()!r} is not a size", "write it like 10MB")
    return int(match.group(1)) * _UNITS[match.group(2) or "B"]
