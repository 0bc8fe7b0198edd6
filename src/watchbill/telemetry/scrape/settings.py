"""The scrape configuration: the parts of Prometheus's file that say what to fetch and how.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from watchbill.telemetry.promql.storage import PatternError
from watchbill.telemetry.scrape.relabel import ACTIONS, Relabeller, Rule
from watchbill.telemetry.scrape.yamlfile import Entry, Fields, load

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SIZE = re.compile(r"(\d+)(B|KB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {"B": 1, "KB": 1 << 10, "KiB": 1 << 10, "MB": 1 << 20, "MiB": 1 << 20,
          "GB": 1 << 30, "GiB": 1 << 30}  # fmt: skip

DEFAULT_BODY_LIMIT = 64 << 20

_JOB_FIELDS = (
    "job_name", "scrape_interval", "scrape_timeout", "metrics_path", "scheme", "params",
    "honor_labels", "honor_timestamps", "static_configs", "file_sd_configs", "relabel_configs",
    "metric_relabel_configs", "basic_auth", "authorization", "bearer_token", "bearer_token_file",
    "tls_config", "sample_limit", "body_size_limit", "follow_redirects",
)  # fmt: skip
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
class Credentials:
    """What is sent in the Authorization header; files are read at each scrape."""

    scheme: str = "Bearer"
    username: str = ""
    secret: str = field(default="", repr=False)
    secret_file: Path | None = None


@dataclass(frozen=True)
class Tls:
    """How the target's certificate is judged, and our own."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True)
class Job:
    """One scrape_config."""

    name: str
    interval: float = 60.0
    timeout: float = 10.0
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    honor_labels: bool = False
    honor_timestamps: bool = True
    groups: tuple[TargetGroup, ...] = ()
    discovery: tuple[FileDiscovery, ...] = ()
    relabel: tuple[Rule, ...] = ()
    metric_relabel: tuple[Rule, ...] = ()
    credentials: Credentials | None = None
    tls: Tls = Tls()
    sample_limit: int = 0
    body_limit: int = DEFAULT_BODY_LIMIT
    follow_redirects: bool = True


@dataclass(frozen=True)
class ScrapeSettings:
    """A whole file."""

    jobs: tuple[Job, ...] = ()


def read_settings(path: Path) -> ScrapeSettings:
    """Read a scrape configuration. Raises `ConfigError` at the first wrong entry, `OSError`.

    Parts of Prometheus's file that belong elsewhere (rule_files, alerting, storage, …) are passed
    over, so that an existing file can be used as it is.
    """
    document = load(path)
    if document is None:
        return ScrapeSettings()
    top = document.fields((
        "global", "scrape_configs", "rule_files", "alerting", "remote_write", "remote_read",
        "storage", "tracing", "scrape_config_files",
    ))  # fmt: skip
    interval, timeout = 60.0, 10.0
    defaults = top.get("global")
    if defaults is not None:
        fields = defaults.fields((
            "scrape_interval", "scrape_timeout", "evaluation_interval", "external_labels",
            "query_log_file",
        ))  # fmt: skip
        interval = fields.read("scrape_interval", Entry.seconds, interval)
        timeout = fields.read("scrape_timeout", Entry.seconds, min(timeout, interval))
    jobs: dict[str, Job] = {}
    for entry in top.items("scrape_configs"):
        job = _job(entry, interval, timeout)
        if job.name in jobs:
            raise entry.wrong(f"job {job.name!r} is defined twice")
        jobs[job.name] = job
    return ScrapeSettings(tuple(jobs.values()))


def _job(entry: Entry, interval: float, timeout: float) -> Job:
    fields = entry.fields(_JOB_FIELDS)
    interval = fields.read("scrape_interval", _positive, interval)
    timeout_given = fields.get("scrape_timeout")
    timeout = _positive(timeout_given) if timeout_given else min(timeout, interval)
    if timeout > interval:
        raise entry.wrong(
            f"scrape_timeout {timeout:g}s is longer than scrape_interval {interval:g}s"
        )
    return Job(
        name=fields["job_name"].text(),
        interval=interval,
        timeout=timeout,
        metrics_path=fields.read("metrics_path", Entry.text, "/metrics"),
        scheme=fields.read("scheme", _scheme, "http"),
        params=fields.read("params", _params, {}),
        honor_labels=fields.read("honor_labels", Entry.truth, False),
        honor_timestamps=fields.read("honor_timestamps", Entry.truth, True),
        groups=tuple(target_group(item) for item in fields.items("static_configs")),
        discovery=tuple(_file_discovery(item) for item in fields.items("file_sd_configs")),
        relabel=tuple(_rule(item) for item in fields.items("relabel_configs")),
        metric_relabel=tuple(_rule(item) for item in fields.items("metric_relabel_configs")),
        credentials=_credentials(fields),
        tls=fields.read("tls_config", _tls, Tls()),
        sample_limit=fields.read("sample_limit", Entry.whole, 0),
        body_limit=fields.read("body_size_limit", _size, 0) or DEFAULT_BODY_LIMIT,
        follow_redirects=fields.read("follow_redirects", Entry.truth, True),
    )


def target_group(entry: Entry) -> TargetGroup:
    """One `{targets, labels}` entry. Raises `ConfigError`."""
    fields = entry.fields(("targets", "labels"))
    targets = []
    for item in fields.items("targets"):
        address = item.text()
        if "/" in address or not address:
            raise item.wrong(f"{address!r} is not a target", "write host:port without a path")
        try:
            _ = urlsplit(f"//{address}").port
        except ValueError:
            raise item.wrong(f"{address!r} has no valid port") from None
        targets.append(address)
    return TargetGroup(tuple(targets), fields.read("labels", _labels, {}))


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


def _credentials(fields: Fields) -> Credentials | None:
    base = fields.whole.path.parent
    basic, authorization = fields.get("basic_auth"), fields.get("authorization")
    token, token_file = fields.get("bearer_token"), fields.get("bearer_token_file")
    if sum(one is not None for one in (basic, authorization, token, token_file)) > 1:
        raise fields.whole.wrong("give one of basic_auth, authorization, bearer_token")
    if basic is not None:
        inner = basic.fields(("username", "password", "password_file"))
        secret_file = inner.get("password_file")
        return Credentials(
            "Basic",
            inner.read("username", Entry.text, ""),
            inner.read("password", Entry.text, ""),
            base / secret_file.text() if secret_file else None,
        )
    if authorization is not None:
        inner = authorization.fields(("type", "credentials", "credentials_file"))
        secret_file = inner.get("credentials_file")
        return Credentials(
            inner.read("type", Entry.text, "Bearer"),
            "",
            inner.read("credentials", Entry.text, ""),
            base / secret_file.text() if secret_file else None,
        )
    if token is not None:
        return Credentials(secret=token.text())
    if token_file is not None:
        return Credentials(secret_file=base / token_file.text())
    return None


def _tls(entry: Entry) -> Tls:
    fields = entry.fields(
        ("ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify")
    )

    def file(name: str) -> Path | None:
        given = fields.get(name)
        return entry.path.parent / given.text() if given else None

    return Tls(
        file("ca_file"),
        file("cert_file"),
        file("key_file"),
        fields.read("server_name", Entry.text, ""),
        fields.read("insecure_skip_verify", Entry.truth, False),
    )


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
