"""The Alertmanager API v2 at /alertmanager, so that Prometheus and amtool can be pointed here.

The API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. Alerts come in by
a source token with the scope "alerts", or a personal one; a silence is a person's act.
"""

import logging
import math
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec
from uuid import UUID

import msgspec
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from watchbill.acts.given import CannotBeDone
from watchbill.acts.perform import Call, submit
from watchbill.alerts import intake, matchers
from watchbill.alerts.intake import Moment, Unacceptable
from watchbill.alerts.matchers import Matcher, WrongMatcher
from watchbill.alerts.models import Alert, Silence, silenced_by, silences_at
from watchbill.lib import clock
from watchbill.people.models import House, Person, Token

P = ParamSpec("P")
RECEIVER = "watchbill"
CONFIG = f"route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n"  # amtool parses it
RETRY_AFTER = "5"  # seconds
LARGEST = 8 * 1024 * 1024  # bytes of a body
_log = logging.getLogger(__name__)


def _refuse(status: int, what: str, **headers: str) -> JsonResponse:
    """An error as Alertmanager gives it: a JSON string."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse(what, safe=False, status=status, headers=names)


def _for_sources(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Let in source tokens with the scope "alerts", and people; answer 503 while nothing is stored.

    Senders try again after a 5xx answer, so nothing is lost while the disk is full.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request: Any = args[0]
        token: Token | None = getattr(request, "token", None)
        source = token is not None and token.kind == Token.Kind.SOURCE
        if source and "alerts" not in token.scopes:  # type: ignore[union-attr]
            return _refuse(403, 'this token may not send alerts: it lacks the scope "alerts"')
        try:
            if not source and not request.user.is_authenticated:
                return _refuse(
                    401,
                    "send a token of Watchbill as `Authorization: Bearer`",
                    WWW_Authenticate="Bearer",
                )
            return view(*args, **kwargs)
        except (OperationalError, InterfaceError, TimeoutError) as error:
            _log.warning("The Alertmanager API: the database: %s", error)
            return _refuse(503, "nothing can be stored now; try again", Retry_After=RETRY_AFTER)

    return csrf_exempt(guarded)  # a browser's form cannot send JSON; the session only reads


@require_http_methods(["GET", "HEAD", "POST"])
@_for_sources
def alerts(request: HttpRequest) -> HttpResponse:
    """POST takes alerts in and answers when they are stored; GET lists the firing ones."""
    if request.method == "POST":
        return _take(request)
    try:
        found = _listed(request)
    except WrongMatcher as error:
        return _refuse(400, f"bad filter: {error}")
    return JsonResponse(found, safe=False)


def _take(request: HttpRequest) -> HttpResponse:
    token: Token | None = getattr(request, "token", None)
    if token is None:
        return _refuse(403, "alerts come in with a token, not with a browser's session")
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return _refuse(413, f"the body is larger than {LARGEST >> 20} MB")
    try:
        taken = intake.read(request.body, token.pk, clock.now())
        if taken:
            intake.WRITER.put(taken)
    except Unacceptable as error:
        return _refuse(400, str(error))
    except (ValueError, DataError) as error:  # such as a NUL, which PostgreSQL cannot hold
        return _refuse(400, f"the alerts cannot be stored: {error}")
    return JsonResponse({})


@require_safe
@_for_sources
def groups(request: HttpRequest) -> HttpResponse:
    """The firing alerts grouped by name."""
    try:
        found = _listed(request)
    except WrongMatcher as error:
        return _refuse(400, f"bad filter: {error}")
    names = sorted({alert["labels"].get("alertname", "") for alert in found})
    return JsonResponse(
        [
            {
                "labels": {"alertname": name},
                "receiver": {"name": RECEIVER},
                "alerts": [one for one in found if one["labels"].get("alertname", "") == name],
            }
            for name in names
        ],
        safe=False,
    )


def _listed(request: HttpRequest) -> list[dict[str, Any]]:
    """What the query asks for. Inhibition does not exist here, so nothing is ever inhibited."""
    conditions = _filters(request)
    silences = silences_at(clock.now())
    found = []
    for alert in Alert.objects.filter(state=Alert.State.FIRING).order_by("fingerprint"):
        if not matchers.match_all(conditions, alert.labels):
            continue
        quiet = silenced_by(alert, silences)
        if not _asked(request, "silenced" if quiet else "active"):
            continue
        found.append(_gettable(alert, quiet))
    return found


def _filters(request: HttpRequest) -> list[Matcher]:
    return [one for text in request.GET.getlist("filter") for one in matchers.parse(text)]


def _asked(request: HttpRequest, name: str) -> bool:
    return request.GET.get(name, "true").lower() != "false"


def _gettable(alert: Alert, quiet: list[Silence]) -> dict[str, Any]:
    far = alert.received_at + intake.FORGET_AFTER
    return {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": alert.starts_at,
        "endsAt": alert.ends_at or far,
        "updatedAt": alert.received_at,
        "fingerprint": alert.fingerprint,
        "generatorURL": alert.generator_url,
        "receivers": [{"name": RECEIVER}],
        "status": {
            "state": "suppressed" if quiet else "active",
            "silencedBy": [_uuid(silence) for silence in quiet],
            "inhibitedBy": [],
            "mutedBy": [],
        },
    }


@require_safe
@_for_sources
def status(request: HttpRequest) -> HttpResponse:
    """What amtool asks before anything else: a configuration that it can parse."""
    return JsonResponse(
        {
            "cluster": {"name": "", "status": "disabled", "peers": []},
            "versionInfo": {
                "version": "0.27.0",  # the API's version that is spoken
                "revision": "",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": "",
            },
            "config": {"original": CONFIG},
            "uptime": clock.now(),
        }
    )


@require_safe
@_for_sources
def receivers(request: HttpRequest) -> HttpResponse:
    """There is one."""
    return JsonResponse([{"name": RECEIVER}], safe=False)


class _Silence(msgspec.Struct):
    matchers: list[dict[str, Any]]
    startsAt: Moment  # noqa: N815
    endsAt: Moment  # noqa: N815
    comment: str = ""
    createdBy: str = ""  # noqa: N815 - the token says who it is
    id: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@_for_sources
def silences(request: HttpRequest) -> HttpResponse:
    """GET lists, POST makes one (or replaces the one whose `id` it names)."""
    if request.method == "POST":
        return _post_silence(request)
    try:
        wanted = _filters(request)
    except WrongMatcher as error:
        return _refuse(400, f"bad filter: {error}")
    now = clock.now()
    found = Silence.objects.select_related("by").order_by("-ends_at")
    return JsonResponse([_silence(s, now) for s in found if _meant(s, wanted)], safe=False)


def _meant(silence: Silence, wanted: list[Matcher]) -> bool:
    """As Alertmanager: every condition of the query holds for the silence's own matchers."""
    labels = {one.name: one.value for one in silence.conditions}
    return matchers.match_all(wanted, labels)


def _post_silence(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    if person is None:
        return _refuse(403, "a silence is a person's act: use a personal token")
    try:
        given = msgspec.json.decode(request.body, type=_Silence)
        conditions = matchers.from_json(given.matchers)
    except (msgspec.DecodeError, RecursionError, KeyError) as error:
        return _refuse(400, f"this is no silence: {error}")
    old = _find(given.id) if given.id else None
    if given.id and old is None:
        return _refuse(404, "there is no such silence")
    minutes = math.ceil((given.endsAt - given.startsAt).total_seconds() / 60)
    raw = {
        "matchers": ", ".join(map(str, conditions)),
        "minutes": minutes,
        "why": given.comment,
        "begins": given.startsAt.isoformat(),
        "ends": given.endsAt.isoformat(),
    }
    made = _perform("alerts.silence", person, House.get(), raw)
    if isinstance(made, HttpResponse):
        return made  # and the one to be replaced stays
    if old is not None and old.ends_at > clock.now():
        _perform("alerts.unsilence", person, old, {})
    return JsonResponse({"silenceID": _as_uuid(int(made["ref"].rpartition(":")[2]))})


@require_http_methods(["GET", "HEAD", "DELETE"])
@_for_sources
def silence(request: HttpRequest, name: UUID) -> HttpResponse:
    """One silence; DELETE ends it."""
    found = _find(str(name))
    if found is None:
        return _refuse(404, "there is no such silence")
    if request.method != "DELETE":
        return JsonResponse(_silence(found, clock.now()))
    person = _person(request)
    if person is None:
        return _refuse(403, "ending a silence is a person's act: use a personal token")
    done = _perform("alerts.unsilence", person, found, {})
    return done if isinstance(done, HttpResponse) else JsonResponse({})


def _perform(
    name: str, person: Person, on: House | Silence, raw: dict[str, Any]
) -> dict[str, Any] | HttpResponse:
    """What came of the act, or the answer that says why nothing did (yet)."""
    try:
        entry = submit(name, person, on, raw, Call(via="rest"))
    except CannotBeDone as error:
        return _refuse(400, f"{error.what} {error.hint}".strip())
    if entry.state == "done":
        outcome: dict[str, Any] = entry.came_of_it
        return outcome
    if entry.state == "asked":
        return _refuse(403, "this needs a go-ahead: it was asked for, and is done once it is given")
    return _refuse(403, entry.reason)


def _person(request: HttpRequest) -> Person | None:
    """Who asks, by a personal token; a browser's session does not do acts here."""
    token: Token | None = getattr(request, "token", None)
    return token.person if token is not None and token.kind == Token.Kind.PERSONAL else None


def _silence(silence: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": _uuid(silence),
        "status": {"state": silence.state(now)},
        "updatedAt": silence.made_at,
        "comment": silence.comment,
        "createdBy": silence.by.username,
        "startsAt": silence.starts_at,
        "endsAt": silence.ends_at,
        "matchers": silence.matchers,
    }


def _uuid(silence: Silence) -> str:
    return _as_uuid(silence.pk)


def _as_uuid(number: int) -> str:
    """Silences are named by UUIDs in this API: ours hold the row's number."""
    return str(UUID(int=number, version=4))


def _find(name: str) -> Silence | None:
    try:
        number = UUID(name).int & 0xFFFFFFFFFFFF
    except ValueError:
        return None
    found = Silence.objects.select_related("by").filter(pk=number).first()
    return found if found is not None and _uuid(found) == str(UUID(name)) else None
