"""Who may talk to telemetry: tokens whose hashes stand in a file.

A token comes as `Authorization: Bearer`, or as the password of `Basic` with any user, for clients
that can send nothing else (an address `http://any:TOKEN@host`, promtool).

The file is `{"tokens": [{"sha256": "<hex>", "scopes": ["query", "write"]}]}`; the application
replaces it atomically, and it is read again when it changes. Without a file nobody gets in.
"""

import binascii
import hashlib
import logging
from base64 import b64decode
from pathlib import Path

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from watchbill.telemetry.http.answers import failure

log = logging.getLogger(__name__)

OPEN_PATHS = frozenset(("/-/healthy", "/-/ready"))
WRITE_PATHS = frozenset((
    "/api/v1/write", "/api/v1/import", "/api/v1/otlp/v1/metrics", "/otlp/v1/metrics",
    "/otlp/v1/logs", "/loki/api/v1/push",
))  # fmt: skip


class _Token(msgspec.Struct):
    sha256: str
    scopes: list[str]


class _TokenFile(msgspec.Struct):
    tokens: list[_Token]


class Tokens:
    """The token file, as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int, int] | None = None
        self._scopes: dict[str, frozenset[str]] = {}
        self.problem: str | None = None

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a token may do; None when it is unknown."""
        self._refresh()
        return self._scopes.get(hashlib.sha256(token.encode("utf-8", "replace")).hexdigest())

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if version == self._version:
                return
            read = msgspec.json.decode(self._path.read_bytes(), type=_TokenFile)
        except FileNotFoundError:
            self._scopes, self._version = {}, None
            self.problem = f"{self._path} does not exist"
            return
        except (OSError, msgspec.DecodeError) as error:
            # Half a file cannot appear (it is replaced), so this is a wrong one: keep the old.
            if self.problem != str(error):
                log.error("token file %s refused, the last good one stays: %s", self._path, error)
            self.problem = str(error)
            return
        self._version, self.problem = version, None
        self._scopes = {token.sha256.lower(): frozenset(token.scopes) for token in read.tokens}


class RequireToken:
    """ASGI middleware: 401 without a known token, 403 without the scope that the path needs."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or answer it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        needed = "write" if scope["path"] in WRITE_PATHS else "query"
        token = _token(dict(scope["headers"]).get(b"authorization", b""))
        held = self._tokens.scopes(token) if token else None
        if held is None:
            refusal = failure(
                "unauthorized", "a known bearer token is needed", {"WWW-Authenticate": "Bearer"}
            )
            await refusal(scope, receive, send)
        elif needed not in held:
            refusal = failure("forbidden", f"this token may not {needed}")
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _token(authorization: bytes) -> str:
    """The token in a header; empty when there is none."""
    kind, _, told = authorization.partition(b" ")
    told = told.strip()
    if kind.lower() == b"basic":
        try:
            told = b64decode(told, validate=True).partition(b":")[2]
        except binascii.Error:
            return ""
    elif kind.lower() != b"bearer":
        return ""
    return told.decode("latin-1")
