"""A real browser on real pages: Django in a thread, with what pages fetch answered by the test."""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from django.template import engines
from django.test import RequestFactory
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from watchbill.web.bundle import DIST
from watchbill.web.middleware import HEADERS

CHROMIUM = "/usr/bin/chromium"
FRONTEND = Path(__file__).parents[2] / "frontend"
Query = dict[str, list[str]]
Answer = tuple[str, str, Iterable[bytes]]  # status, content type, body
Given = Callable[[Query], Answer]


@pytest.fixture(scope="session")
def built_bundle() -> Path:
    """The bundle of the sources as they are now, built when stale."""
    sys.path.insert(0, str(FRONTEND))
    try:
        import bundle as builder  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    builder.main([])
    return DIST


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """Watchbill's pages at `url`; `answers` adds or replaces addresses."""

    def __init__(self) -> None:
        self.answers: dict[str, Given] = {}
        self._pages = StaticFilesHandler(get_wsgi_application())
        self._pages.get_base_url = lambda: "/static/"  # type: ignore[method-assign]
        self._server = make_server("127.0.0.1", 0, self, _Server, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        given = self.answers.get(environ["PATH_INFO"])
        if given is None:
            return self._pages(environ, start)
        query = parse_qs(environ["QUERY_STRING"])
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            query |= parse_qs(environ["wsgi.input"].read(length).decode())
        query["method"] = [environ["REQUEST_METHOD"]]
        status, kind, body = given(query)
        headers = [("Content-Type", kind.split("|")[0]), *HEADERS.items()]
        if "|" in kind:
            headers.append(("Location", kind.split("|")[1]))
        start(status, headers)
        return body

    def page(self, path: str, main: Callable[[], str]) -> None:
        """A page with the frame whose main part `main` gives anew each time."""

        def answer(_: Query) -> Answer:
            source = "{% extends 'web/base.html' %}{% block lead %}<h1>Test</h1>{% endblock %}"
            source += "{% block main %}" + main() + "{% endblock %}"
            text = engines["django"].from_string(source).render({}, RequestFactory().get(path))
            return "200 OK", "text/html; charset=utf-8", [text.encode()]

        self.answers[path] = answer

    def json(self, path: str, value: Callable[[Query], Any]) -> None:
        """An address that answers JSON."""
        self.answers[path] = lambda query: (
            "200 OK",
            "application/json",
            [json.dumps(value(query)).encode()],
        )


@pytest.fixture
def site(built_bundle: Path) -> Iterator[Site]:
    started = Site()
    started.json("/live/poll", lambda _: {"last": 1, "topics": []})
    started.json("/palette.json", lambda _: [])
    started.answers["/live"] = lambda _: ("503 Service Unavailable", "text/plain", [b""])
    yield started
    started.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Its event loop runs in this thread while it is there, so it ends with each file of tests."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def look(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """`look("/path", width=360, theme="dark")`: a page. No error may appear in its console."""
    errors: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        expected = message.location["url"].partition("?")[0].endswith(("/live", "/no-such-page"))
        if message.type == "error" and not expected:
            errors.append(f"{message.text} {message.location['url']}")

    def open_page(path: str, *, width: int = 1280, theme: str = "light", **more: Any) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", note)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
