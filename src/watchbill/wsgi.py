"""The `web` process: Django for pages and API, and before it a tiny branch for live streams.

A live stream holds its thread for minutes, so it goes past Django's middleware, sessions and
database handling straight to `web/live.py`.
"""

import gc
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.common import AbstractServer
from granian.server.mt import MTServer

from watchbill import settings
from watchbill.lib import lifeline

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "watchbill.settings")
_pages = get_wsgi_application()

from watchbill.web import live  # noqa: E402 - its models need Django set up


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Watchbill as a WSGI application."""
    if environ["PATH_INFO"] == "/live":
        return live.stream(environ, start_response)
    return _pages(environ, start_response)


class OneProcess(MTServer):
    """Granian with its worker as a thread of this process, also where Python has its lock.

    Granian's usual second process costs memory and outlives a killed first one, which would leave
    it holding the port. Its thread worker does the same work; only its guard is in the way.
    """

    def _check_gil(self) -> None:
        pass

    def serve(self, *args: Any, **kwargs: Any) -> None:
        AbstractServer.serve(self, *args, **kwargs)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        lifeline.limit_stop()
        live.TAIL.close()  # an open stream would hold up the stop until that limit
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]


def run() -> None:
    """Serve pages and API on WATCHBILL_LISTEN until told to stop."""
    gc.freeze()  # what is loaded by now stays, and a page makes thousands of objects: look rarely
    gc.set_threshold(20_000, 20, 20)
    host, port = settings.LISTEN
    OneProcess(
        "watchbill.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=settings.WEB_THREADS,
        websockets=False,
        # No handlers of its own: its lines go where `lib/logs.py` sends all lines.
        log_dictconfig={"formatters": {}, "handlers": {}, "loggers": {}},
        log_level=LogLevels.warning,
    ).serve(target_loader=lambda: application, wrap_loader=False)
