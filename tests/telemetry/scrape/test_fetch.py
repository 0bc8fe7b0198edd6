"""Answers of targets: bounded however they are packed; no secret in what is told of a failure."""

import asyncio
import gzip
from pathlib import Path

import pytest
from tests.telemetry.scrape.world import serving

from watchbill.telemetry.scrape.fetch import Fetcher, FetchError, TooLargeError
from watchbill.telemetry.scrape.http_settings import Credentials, HttpSettings, Secret

PAGE = b"a 1\n" * 1000


def get(body: bytes, encoding: str, limit: int = 1 << 20, settings: HttpSettings | None = None):
    async def ask(url: str) -> bytes:
        fetcher = Fetcher(settings or HttpSettings(), 5)
        try:
            return (await fetcher.get(url, {"Accept-Encoding": "gzip"}, limit))[0]
        finally:
            await fetcher.aclose()

    with serving() as target:
        target.pages["/metrics"] = body
        target.headers = {"Content-Encoding": encoding} if encoding else {}
        return asyncio.run(ask(f"http://{target.address}/metrics"))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(PAGE, ""), (PAGE, "identity"), (gzip.compress(PAGE), "GZip")],
    ids=["as it is", "identity", "gzip"],  # not the bytes: they hold the time
)
def test_reads_what_it_asked_for(body: bytes, encoding: str) -> None:
    assert get(body, encoding) == PAGE
    assert get(body, encoding, limit=len(PAGE)) == PAGE
    with pytest.raises(TooLargeError):
        get(body, encoding, limit=len(PAGE) - 1)


def test_encodings_within_encodings_are_refused() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * (50 << 20)))
    with pytest.raises(FetchError, match="'gzip, gzip' was not asked for"):
        get(bomb, "gzip, gzip")
    with pytest.raises(TooLargeError):
        get(gzip.compress(b"\0" * (50 << 20)), "gzip")
    with pytest.raises(FetchError, match="gzip"):
        get(PAGE, "gzip")


@pytest.mark.parametrize("secret", ["first line\nhunter2", "hünter2"])
def test_a_secret_that_no_header_can_hold_is_not_shown(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "token"
    file.write_text(secret)
    settings = HttpSettings(credentials=Credentials(secret=Secret(file=file)))
    with pytest.raises(FetchError) as told:
        get(PAGE, "", settings=settings)
    assert "header Authorization" in str(told.value)
    assert "nter2" not in str(told.value)
