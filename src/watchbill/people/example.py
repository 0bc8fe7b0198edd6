"""Whether the example system is shown: `watchbill serve` keeps a mark in the data folder while it

runs it, so that it can begin to at any moment without restarting anything.
"""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from watchbill.people.models import Person

LOOPBACK = ("127.0.0.1", "::1")
OWN = ".localhost"  # the end of the addresses that each example person has
PASSED_ON = ("Forwarded", "Via", "X-Forwarded-", "X-Real-Ip", "X-Client-Ip", "Cf-Connecting-Ip")
"""How the headers begin by which proxies say that they pass a request on."""


def mark() -> Path:
    """The file that says so."""
    return Path(settings.DATA) / "run" / "example"


def shown() -> bool:
    """The example system runs beside us."""
    return mark().exists()


def beside(request: HttpRequest) -> bool:
    """Somebody at this very machine asks, so that they may be any of the example people.

    A proxy on this machine calls from loopback too, for the whole world. So the address asked for
    must be loopback's as well, nothing may say that the request was passed on, and Watchbill must
    know no other name of itself (`WATCHBILL_URL`, `WATCHBILL_ALLOWED_HOSTS`, `WATCHBILL_LISTEN`).
    """
    return (
        request.META.get("REMOTE_ADDR") in LOOPBACK
        and not any(name.title().startswith(PASSED_ON) for name in request.headers)
        and all(map(_loopback, (_host(request), *settings.ALLOWED_HOSTS)))
    )


def whose(request: HttpRequest) -> Person | None:
    """The example person whose own address is asked for: junior at http://junior.localhost:8420/.

    Nobody unless the example is shown and asked for at this very machine. Browsers keep cookies by
    host and look names below .localhost up at nobody: they are this machine.
    """
    name = _host(request).removesuffix(OWN)
    if name == _host(request) or not (shown() and beside(request)):
        return None
    return Person.objects.filter(username=name, example=True, is_active=True).first()


def address_of(username: str, request: HttpRequest, path: str = "/") -> str:
    """The same page at the own address of an example person."""
    port = request.get_host().removeprefix(_host(request))
    return f"{request.scheme}://{username}{OWN}{port}{path}"


def _host(request: HttpRequest) -> str:
    name, _, port = request.get_host().rpartition(":")
    return name if port.isdigit() else request.get_host()


def _loopback(name: str) -> bool:
    return name.strip("[]") in ("", "localhost", *LOOPBACK) or name.endswith(".localhost")
