"""The settings: one table, each with its type, default and meaning.

`settings.py` reads it from the environment; the reference page in the docs is printed from it.
A name that starts with `WATCHBILL_` and is not in the table is an error, so that a typing mistake
never passes for a setting.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_CREDENTIAL = re.compile(r"(?<=://)[^/@]*(?=@)")


class SettingsError(Exception):
    """A setting cannot be used; the message says which, why and what would do."""


@dataclass(frozen=True)
class Setting:
    """One line of the table. `read` turns the text into a value or raises ValueError."""

    name: str
    read: Callable[[str], Any]
    default: str
    doc: str
    secret: bool = False  # never printed


PROMQL_FEATURES = (
    "promql-experimental-functions", "promql-duration-expr", "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
)  # fmt: skip


def _bool(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("", "0", "false", "no", "off"):
        return False
    raise ValueError("expected yes or no")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8420")
    return host.strip("[]"), int(port)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _days(text: str) -> timedelta:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("expected a whole number of days, at least 1")
    return timedelta(days=int(text))


def _minutes(text: str) -> timedelta:
    if not text.isdigit():
        raise ValueError("expected a whole number of minutes")
    return timedelta(minutes=int(text))


def _bytes(text: str) -> int | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d+)([KMGT])i?B", text.strip(), re.IGNORECASE)
    if not found or not int(found[1]):
        raise ValueError("expected a size such as 500MB or 50GB")
    return int(found[1]) << 10 * ("KMGT".index(found[2].upper()) + 1)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("expected a whole number, at least 1")
    return int(text)


def _some_of(*allowed: str) -> Callable[[str], frozenset[str]]:
    def read(text: str) -> frozenset[str]:
        given = frozenset(_words(text))
        if unknown := sorted(given - set(allowed)):
            raise ValueError(f"{unknown[0]} is none of " + ", ".join(allowed))
        return given

    return read


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError("expected one of " + ", ".join(allowed))
        return text

    return read


def _descriptor(text: str) -> int | None:
    return _count(text) if text else None


def _url(*schemes: str, secret: bool = False) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text:
            at = urlsplit(text)
            if at.scheme not in schemes or not at.netloc:
                raise ValueError("expected a URL that starts with " + " or ".join(schemes) + "://")
            _ = at.port  # raises ValueError when it is no number
            if at.username is not None and not secret:
                raise ValueError("put the credential into a setting of its own, not into the URL")
        return text.rstrip("/")

    return read


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


TABLE = (
    Setting(
        "WATCHBILL_DATA", _path, "data", "The one folder that holds everything Watchbill keeps."
    ),
    Setting("WATCHBILL_LISTEN", _address, "127.0.0.1:8420", "Address of the pages and the API."),
    Setting(
        "WATCHBILL_URL",
        _url("http", "https"),
        "",
        "The address people use, for links in pages sent out. Default: from `WATCHBILL_LISTEN`.",
    ),
    Setting(
        "WATCHBILL_ALLOWED_HOSTS",
        _words,
        "",
        "Host names served besides the one in `WATCHBILL_URL` and loopback, with commas.",
    ),
    Setting(
        "WATCHBILL_WEB_THREADS",
        _count,
        "64",
        "Threads of the web process; live streams may take all but 32 of them.",
    ),
    Setting(
        "DATABASE_URL",
        _url("postgresql", "postgres", secret=True),
        "",
        "PostgreSQL instead of SQLite in the data folder, as postgresql://user:password@host/name.",
        secret=True,
    ),
    Setting(
        "WATCHBILL_TELEMETRY_LISTEN",
        _address,
        "127.0.0.1:8421",
        "Address of the telemetry process: remote write, queries.",
    ),
    Setting(
        "WATCHBILL_TELEMETRY_URL",
        _url("http", "https"),
        "",
        "A Prometheus-compatible server to use instead of the embedded engine.",
    ),
    Setting(
        "WATCHBILL_TELEMETRY_TOKEN",
        str,
        "",
        "Bearer token for it. Default, for the embedded engine: `telemetry-token` in the folder.",
        secret=True,
    ),
    Setting(
        "WATCHBILL_TELEMETRY_USER",
        str,
        "",
        "User name for it, where it wants a user and a password in place of a token.",
    ),
    Setting("WATCHBILL_TELEMETRY_PASSWORD", str, "", "The password of that user.", secret=True),
    Setting(
        "WATCHBILL_TELEMETRY_CA",
        _path,
        "",
        "File of the authority that signed its certificate. Default: the system's authorities.",
    ),
    Setting(
        "WATCHBILL_QUERY_SECONDS",
        _count,
        "120",
        "The embedded engine: the longest that a query may take, in seconds, waiting included.",
    ),
    Setting(
        "WATCHBILL_QUERY_SAMPLES",
        _count,
        "50000000",
        "The embedded engine: the most samples that a query may hold; each takes 16 bytes.",
    ),
    Setting(
        "WATCHBILL_QUERIES_AT_ONCE",
        _count,
        "2",
        "The embedded engine: how many queries run together.",
    ),
    Setting(
        "WATCHBILL_QUERIES_WAITING",
        _count,
        "32",
        "The embedded engine: how many more may wait; the rest get 503 with Retry-After.",
    ),
    Setting("WATCHBILL_RETENTION_DAYS", _days, "90", "How many days of metrics and logs are kept."),
    Setting(
        "WATCHBILL_RETENTION_SIZE",
        _bytes,
        "",
        "The most that metrics and logs may take on disk together, such as `50GB`; the oldest days "
        "go. Default: no limit.",
    ),
    Setting(
        "WATCHBILL_SERIES_LIMIT",
        _count,
        "1000000",
        "How many series telemetry takes before it refuses new ones.",
    ),
    Setting(
        "WATCHBILL_OUT_OF_ORDER_MINUTES",
        _minutes,
        "10",
        "How much older than the newest sample of its series a sample may be.",
    ),
    Setting(
        "WATCHBILL_SCRAPE_CONFIG",
        _path,
        "",
        "Scrape configuration in Prometheus's form. Default: `prometheus.yml` in the data folder.",
    ),
    Setting(
        "WATCHBILL_PROMQL_FEATURES",
        _some_of(*PROMQL_FEATURES),
        ",".join(PROMQL_FEATURES),
        "What of PromQL that Prometheus calls experimental is understood, with commas.",
    ),
    Setting(
        "WATCHBILL_CODE_CACHE",
        _path,
        "",
        "Folder for telemetry's compiled loops; several installations of one user may share it."
        " Default: `telemetry/jit` in the data folder.",
    ),
    Setting("WATCHBILL_HOST_METRICS", _bool, "yes", "Collect the metrics of the own machine."),
    Setting(
        "WATCHBILL_RULES",
        _path,
        "",
        "Folder of alert rule files in Prometheus's form. Default: `rules` in the data folder.",
    ),
    Setting(
        "WATCHBILL_COMMANDS",
        _path,
        "",
        "Allow-list of commands for runbook steps. Default: `commands.yml` in the data folder.",
    ),
    Setting(
        "WATCHBILL_SMTP_URL",
        _url("smtp", "smtps", secret=True),
        "",
        "Mail server for pages by email, as smtp://user:password@host:port.",
        secret=True,
    ),
    Setting("WATCHBILL_MAIL_FROM", str, "watchbill@localhost", "Sender of Watchbill's email."),
    Setting("WATCHBILL_LOG_FORMAT", _one_of("text", "json"), "text", "Form of the log lines."),
    Setting(
        "WATCHBILL_LOG_LEVEL",
        _one_of("debug", "info", "warning", "error"),
        "info",
        "Least severity that is logged.",
    ),
    Setting("WATCHBILL_TOKEN", str, "", "Your personal token, for the command line.", secret=True),
    Setting(
        "WATCHBILL_TEST_CLOCK",
        str,
        "",
        "Tests only: a file with the seconds by which every process's clock is ahead.",
    ),
    Setting(
        "WATCHBILL_LIFELINE",
        _descriptor,
        "",
        "Set by `watchbill serve` for its children: the pipe whose end tells them to stop.",
    ),
)


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """Every setting's value, by name. Raises SettingsError at the first that cannot be used."""
    known = {setting.name for setting in TABLE}
    for name in sorted(environ):
        if name.startswith("WATCHBILL_") and name not in known:
            raise SettingsError(f"{name} is not a setting. `watchbill settings` lists them all.")
    values: dict[str, Any] = {}
    for setting in TABLE:
        text = environ.get(setting.name, setting.default)
        if text == "" and setting.read is _path:
            values[setting.name] = None
            continue
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            shown = "" if setting.secret else f"={_CREDENTIAL.sub('…', text)!r}"
            raise SettingsError(f"{setting.name}{shown}: {error}.") from None
    return values


def reference() -> str:
    """The table as the page `docs/reference/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Watchbill is set by environment variables, read once when a process starts. A name that",
        "starts with `WATCHBILL_` and is not listed here is an error. `watchbill settings` shows",
        "the values in force.",
        "",
        "<!-- Written by `watchbill docs` from src/watchbill/env.py: change it there. -->",
        "",
    ]
    for setting in TABLE:
        default = f"Default: `{setting.default}`." if setting.default else "Default: empty."
        lines += [f"## `{setting.name}`", "", setting.doc, "", default, ""]
    return "\n".join(lines)
