"""Telemetry's read-only API for browsers, under the person's session (or a personal token).

A query goes through as it is and the answer comes back as it is, status and JSON; only the few
paths below exist, and none of them writes.
"""

import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from watchbill.monitoring import seam

PATHS = re.compile(
    r"query|query_range|series|labels|metadata|label/[a-zA-Z_:][a-zA-Z0-9_:]*/values"
)
POSTED = {"query", "query_range", "series", "labels"}  # the API takes these as a form too
LONGEST_QUERY = 64 * 1024  # characters of all parameters together


@csrf_exempt  # it only reads: a forged request brings its sender nothing
@require_http_methods(["GET", "POST"])
def telemetry(request: HttpRequest, path: str) -> HttpResponse:
    """Pass one read through. Errors are worded as Prometheus words them."""
    if not request.user.is_authenticated:
        return _wrong(HTTPStatus.UNAUTHORIZED, "unauthorized", "Sign in, or send a token.")
    if not PATHS.fullmatch(path):
        return _wrong(HTTPStatus.NOT_FOUND, "not_found", f"{path} is not passed on.")
    given = [request.GET, request.POST] if path in POSTED else [request.GET]
    params = [(name, value) for one in given for name, values in one.lists() for value in values]
    if sum(len(name) + len(value) for name, value in params) > LONGEST_QUERY:
        return _wrong(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_data", "The query is too long.")
    try:
        status, body = seam.ask(path, params, method="POST" if path in POSTED else "GET")
    except seam.TelemetryAway as error:
        return _wrong(
            HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", f"Telemetry is away: {error}."
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        # Telemetry refused our credential, not the reader's: a 401 would send them to sign in.
        return _wrong(
            HTTPStatus.BAD_GATEWAY, "unavailable", "Telemetry refused Watchbill's own credential."
        )
    return HttpResponse(body, status=status, content_type="application/json")


def _wrong(status: HTTPStatus, kind: str, message: str) -> JsonResponse:
    answer = {"status": "error", "errorType": kind, "error": message}
    return JsonResponse(answer, status=status)
