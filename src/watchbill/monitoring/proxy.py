"""Telemetry's read-only API for browsers, under the person's session (or a personal token).

A query goes through as it is and the answer comes back as it is, status and JSON; only the few
paths below exist, and none of them writes. Apps above answer the paths that are theirs.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from watchbill import prometheus

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

# The API takes these as a form too.
POSTED = {
    "query", "query_range", "query_exemplars", "series", "labels", "format_query", "parse_query",
}  # fmt: skip
LONGEST_QUERY = 64 * 1024  # characters of all parameters together


class PassedOn:
    """The paths that are passed on to telemetry, as a path converter."""

    regex = (
        "query|query_range|query_exemplars|series|labels|metadata|format_query|parse_query|"
        "status/buildinfo|label/[a-zA-Z_:][a-zA-Z0-9_:]*/values"
    )

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


def for_readers(view: View[P]) -> View[P]:
    """Let in whoever is signed in, by session or personal token."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return refuse(HTTPStatus.UNAUTHORIZED, "unauthorized", "Sign in, or send a token.")
        return view(request, *args, **kwargs)

    return guarded


def refuse(status: HTTPStatus, kind: str, message: str) -> JsonResponse:
    """An error as Prometheus words it; `kind` is its errorType."""
    answer = {"status": "error", "errorType": kind, "error": message}
    return JsonResponse(answer, status=status)


@csrf_exempt  # it only reads: a forged request brings its sender nothing
@require_http_methods(["GET", "POST"])
@for_readers
def telemetry(request: HttpRequest, path: str) -> HttpResponse:
    """Pass one read through. Errors are worded as Prometheus words them."""
    given = [request.GET, request.POST] if path in POSTED else [request.GET]
    params = [(name, value) for one in given for name, values in one.lists() for value in values]
    if sum(len(name) + len(value) for name, value in params) > LONGEST_QUERY:
        return refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_data", "The query is too long.")
    if path in ("query", "query_range") and not any(name == "timeout" for name, _ in params):
        params.append(prometheus.time_limit())
    try:
        status, body = prometheus.ask(path, params, method="POST" if path in POSTED else "GET")
    except prometheus.TelemetryAway as error:
        away = f"Telemetry is away: {error}."
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", away)
    except prometheus.QueryRefused as error:
        return refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "execution", str(error))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        # Telemetry refused our credential, not the reader's: a 401 would send them to sign in.
        ours = "Telemetry refused Watchbill's own credential."
        return refuse(HTTPStatus.BAD_GATEWAY, "unavailable", ours)
    return HttpResponse(body, status=status, content_type="application/json")
