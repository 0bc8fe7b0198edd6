"""How to ask over HTTP: the part of the configuration that jobs and HTTP discovery share.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from watchbill.telemetry.scrape.yamlfile import Entry, Fields

HTTP_FIELDS = (
    "basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config",
    "http_headers", "proxy_url", "follow_redirects", "enable_http2",
)  # fmt: skip
UNSUPPORTED = (
    "oauth2", "proxy_from_environment", "no_proxy", "proxy_connect_header",
)  # fmt: skip

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
# What says how a request is made; given as headers they would contradict the rest.
_RESERVED = frozenset((
    "accept", "accept-encoding", "authorization", "connection", "content-encoding",
    "content-length", "content-type", "host", "proxy-authorization", "transfer-encoding",
    "user-agent", "x-prometheus-scrape-timeout-seconds",
))  # fmt: skip


@dataclass(frozen=True)
class Secret:
    """A text given as such or by a file, which is read at each use."""

    text: str = field(default="", repr=False)
    file: Path | None = None

    def read(self) -> str:
        """The text. Raises `OSError`, `UnicodeDecodeError`."""
        return self.text if self.file is None else self.file.read_text().strip()


@dataclass(frozen=True)
class Credentials:
    """What is sent in the Authorization header."""

    scheme: str = "Bearer"
    username: Secret = Secret()
    secret: Secret = Secret()


@dataclass(frozen=True)
class Tls:
    """How the other side's certificate is judged, and our own; files are read again when they
    change. `ca` is a certificate's text."""

    ca: str = ""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""
    insecure_skip_verify: bool = False
    oldest: ssl.TLSVersion | None = None
    newest: ssl.TLSVersion | None = None


@dataclass(frozen=True)
class HttpSettings:
    """How to ask."""

    credentials: Credentials | None = None
    tls: Tls = Tls()
    headers: tuple[tuple[str, Secret], ...] = ()
    proxy: str = field(default="", repr=False)
    follow_redirects: bool = True


def http_settings(fields: Fields) -> HttpSettings:
    """Read `HTTP_FIELDS`. Raises `ConfigError`. `enable_http2` has no effect: 1.1 is spoken."""
    fields.read("enable_http2", Entry.truth, True)
    return HttpSettings(
        _credentials(fields),
        fields.read("tls_config", _tls, Tls()),
        fields.read("http_headers", _headers, ()),
        fields.read("proxy_url", _proxy, ""),
        fields.read("follow_redirects", Entry.truth, True),
    )


def _credentials(fields: Fields) -> Credentials | None:
    base = fields.whole.path.parent
    basic, authorization = fields.get("basic_auth"), fields.get("authorization")
    token, token_file = fields.get("bearer_token"), fields.get("bearer_token_file")
    if sum(one is not None for one in (basic, authorization, token, token_file)) > 1:
        raise fields.whole.wrong("give one of basic_auth, authorization, bearer_token")
    if basic is not None:
        inner = basic.fields(("username", "username_file", "password", "password_file"))
        return Credentials("Basic", _secret(inner, "username"), _secret(inner, "password"))
    if authorization is not None:
        inner = authorization.fields(("type", "credentials", "credentials_file"))
        scheme = inner.read("type", Entry.text, "Bearer")
        if scheme.lower() == "basic":
            raise inner["type"].wrong("this cannot be basic", "use basic_auth")
        return Credentials(scheme, secret=_secret(inner, "credentials"))
    if token is not None:
        return Credentials(secret=Secret(token.text()))
    if token_file is not None:
        return Credentials(secret=Secret(file=base / token_file.text()))
    return None


def _secret(fields: Fields, name: str) -> Secret:
    given, file = fields.get(name), fields.get(f"{name}_file")
    if given is not None and file is not None:
        raise file.wrong(f"give one of {name} and {name}_file")
    if file is not None:
        return Secret(file=fields.whole.path.parent / file.text())
    return Secret(given.text()) if given is not None else Secret()


def _tls(entry: Entry) -> Tls:
    fields = entry.fields((
        "ca", "ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify",
        "min_version", "max_version",
    ))  # fmt: skip

    def file(name: str) -> Path | None:
        given = fields.get(name)
        return entry.path.parent / given.text() if given else None

    found = Tls(
        fields.read("ca", Entry.text, ""),
        file("ca_file"),
        file("cert_file"),
        file("key_file"),
        fields.read("server_name", Entry.text, ""),
        fields.read("insecure_skip_verify", Entry.truth, False),
        fields.read("min_version", _version, None),
        fields.read("max_version", _version, None),
    )
    if (found.cert_file is None) != (found.key_file is None):
        raise entry.wrong("cert_file and key_file belong together")
    if found.ca and found.ca_file:
        raise fields["ca_file"].wrong("give one of ca and ca_file")
    return found


def _version(entry: Entry) -> ssl.TLSVersion | None:
    version = _VERSIONS.get(entry.text())
    if version is None:
        raise entry.wrong(f"unknown TLS version {entry.text()!r}", f"known: {', '.join(_VERSIONS)}")
    return version


def _headers(entry: Entry) -> tuple[tuple[str, Secret], ...]:
    headers = []
    for name, given in entry.pairs():
        if name.lower() in _RESERVED:
            raise given.wrong(f"header {name!r} is set by other means")
        fields = given.fields(("values", "secrets", "files"))
        for kind in ("values", "secrets"):
            headers += [(name, Secret(item.text())) for item in fields.items(kind)]
        for item in fields.items("files"):
            headers.append((name, Secret(file=entry.path.parent / item.text())))
    return tuple(headers)


def _proxy(entry: Entry) -> str:
    try:
        httpx.Proxy(entry.text())
    except (ValueError, httpx.InvalidURL) as error:
        raise entry.wrong(f"not a proxy's address: {error}") from None
    return entry.text()
