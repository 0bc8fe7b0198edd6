"""A target that serves what a test says, and a scraper that runs for as long as a test wants."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.telemetry.stores import Stores, open_stores

from watchbill.lib import clock
from watchbill.telemetry.promql.storage import METRIC_NAME, Labels, Matcher, is_stale
from watchbill.telemetry.scrape.loop import Scraper


@dataclass
class Target:
    """A server; `pages` are bodies by path, `headers` come with each, `seen` what it was asked and
    `posted` what it was sent, newest last."""

    address: str
    pages: dict[str, bytes] = field(default_factory=dict)
    kind: str = "text/plain; version=0.0.4"
    status: int = 200
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Target]:
    """A target on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target.seen.append((self.path, dict(self.headers.items())))
            body = target.pages.get(self.path.partition("?")[0])
            self.send_response(target.status if body is not None else 404)
            self.send_header("Content-Type", target.kind)
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            target.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    target = Target(f"127.0.0.1:{server.server_port}", {"/metrics": b"a 1\n"})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class World:
    """A configuration, the stores, and a scraper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stores: Stores = open_stores(folder, seconds=clock.seconds)
        self.config = folder / "scrape.yml"
        self.scraper: Scraper

    def run(self, config: str, until: Callable[[], object], seconds: float = 15.0) -> None:
        """Scrape by this configuration until something is true."""
        self.config.write_text(config)

        async def scrape() -> None:
            with ThreadPoolExecutor(1) as executor:
                self.scraper = Scraper(self.stores.store, self.stores.sink, self.config, executor)
                task = asyncio.create_task(self.scraper.run())
                deadline = time.monotonic() + seconds
                try:
                    while not until():
                        assert not task.done(), task.exception()
                        assert time.monotonic() < deadline, self.states()
                        await asyncio.sleep(0.02)
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)

        asyncio.run(scrape())

    def states(self) -> list[tuple[str, str]]:
        return [(one.health, one.last_error) for one in self.scraper.states.values()]

    def settled(self) -> bool:
        """Whether every target was scraped."""
        return bool(self.states()) and all(health != "unknown" for health, _ in self.states())

    def samples(self, metric: str) -> list[tuple[Labels, float | str | None]]:
        """The newest sample of each series: a number, "stale", or None for a histogram."""
        matcher = Matcher(METRIC_NAME, "=", metric)
        found = self.stores.store.select([matcher], 0, int(clock.seconds() * 1000) + 1000)
        return [
            (
                tuple(pair for pair in labels if pair[0] != METRIC_NAME),
                "stale" if is_stale(values[-1:])[0] else float(values[-1]),
            )
            for labels, _, values in found.series()
        ]

    def values(self, metric: str) -> list[float | str | None]:
        return [value for _, value in self.samples(metric)]


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for a host name; files of it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ))  # fmt: skip
    return files
