"""Asking over HTTP as the configuration says: credentials, TLS, headers, a limit on the answer."""

import re
import ssl
import zlib
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx

from watchbill.telemetry.scrape.http_settings import HttpSettings, Tls

FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError, UnicodeDecodeError)
"""What asking may raise besides `FetchError`; the text of each tells what happened."""

_NOT_SENT = re.compile(r"[^\t\x20-\x7e]")

Versions = tuple[tuple[int, int], ...]


class FetchError(Exception):
    """The other side did not give what was asked for."""


class TooLargeError(FetchError):
    """The answer exceeds the limit."""


class Fetcher:
    """Asks with one set of settings. `seconds` is the longest silence that is waited through."""

    def __init__(self, settings: HttpSettings, seconds: float) -> None:
        self._settings, self._seconds = settings, seconds
        self._client: httpx.AsyncClient | None = None
        self._files: Versions = ()

    async def get(self, url: str, headers: dict[str, str], limit: int) -> tuple[bytes, str]:
        """The answer's body and content type. Raises `FetchError` and `FAILURES`."""
        settings = self._settings
        client = await self._current()
        sent = [*headers.items(), *self._authorization()]
        sent += [(name, secret.read()) for name, secret in settings.headers]
        for name, value in sent:
            if _NOT_SENT.search(value):  # the client's own words for it would show the secret
                raise FetchError(f"the value for header {name} has characters that none may have")
        name = settings.tls.server_name
        body = bytearray()
        async with client.stream(
            "GET", url, headers=sent, extensions={"sni_hostname": name} if name else {}
        ) as answer:
            if answer.status_code != 200:
                raise FetchError(f"server returned HTTP status {answer.status_code}")
            unpack = _unpacking(answer.headers.get("content-encoding", ""))
            async for part in answer.aiter_raw():
                body += unpack(part, limit + 1 - len(body))
                if len(body) > limit:
                    raise TooLargeError(f"the answer exceeds the limit of {limit} bytes")
            return bytes(body), answer.headers.get("content-type", "")

    async def aclose(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _current(self) -> httpx.AsyncClient:
        """The client; a new one when a certificate's file has changed."""
        files = _versions(self._settings.tls)
        if self._client is not None and files != self._files:
            await self.aclose()
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=_context(self._settings.tls, files),
                follow_redirects=self._settings.follow_redirects,
                # Fresh connections: a kept one may be closed by the target just as we use it.
                limits=httpx.Limits(max_keepalive_connections=0),
                timeout=self._seconds,
                trust_env=False,
                proxy=self._settings.proxy or None,
                headers={"User-Agent": "Watchbill"},
            )
            self._files = files
        return self._client

    def _authorization(self) -> list[tuple[str, str]]:
        credentials = self._settings.credentials
        if credentials is None:
            return []
        secret = credentials.secret.read()
        if credentials.scheme == "Basic":
            secret = b64encode(f"{credentials.username.read()}:{secret}".encode()).decode()
        return [("Authorization", f"{credentials.scheme} {secret}")]


def _unpacking(encoding: str) -> Callable[[bytes, int], bytes]:
    """What undoes a content encoding, part by part, each to so many bytes at most.

    The client's own decoders know no limit: encodings within encodings would fill the memory.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return lambda part, most: part[:most]
        case "gzip" | "x-gzip":
            unpacker = zlib.decompressobj(wbits=31)
        case other:
            raise FetchError(f"content encoding {other[:50]!r} was not asked for")

    def unpack(part: bytes, most: int) -> bytes:
        try:
            return unpacker.decompress(part, most)
        except zlib.error as error:
            raise FetchError(f"gzip: {error}") from None

    return unpack


@lru_cache(maxsize=64)
def _context(tls: Tls, files: Versions) -> ssl.SSLContext:
    """What judges certificates; `files` tells apart what the same names held before."""
    del files
    context = ssl.create_default_context(
        cafile=str(tls.ca_file) if tls.ca_file else None, cadata=tls.ca or None
    )
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    if tls.oldest is not None:
        context.minimum_version = tls.oldest
    if tls.newest is not None:
        context.maximum_version = tls.newest
    return context


def _versions(tls: Tls) -> Versions:
    files: list[Path | None] = [tls.ca_file, tls.cert_file, tls.key_file]
    stats = [file.stat() for file in files if file is not None]
    return tuple((stat.st_mtime_ns, stat.st_ino) for stat in stats)
