"""The REST API: every act, what somebody may do, what waits, the ledger, and what can be read.

Acts and their parameters come from the registry, so an act that is registered is served and
described without further code. Reading is declared by each app's `api.py` as `RESOURCES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from watchbill.acts import perform, timeline
from watchbill.acts.given import CannotBeDone, read
from watchbill.acts.models import Entry
from watchbill.acts.registry import KINDS, Kind
from watchbill.acts.web import Request, settle, signed_in
from watchbill.lib.numbers import LARGEST, whole
from watchbill.people.subject import Subject, UnknownSubject, find

MOST = 500  # rows of one answer
FURTHEST = 1_000_000  # rows passed over
STATUS = {Entry.State.ASKED: 202, Entry.State.REFUSED: 403}


@dataclass(frozen=True)
class Resource:
    """A collection that can be read.

    `describe(object)` is its JSON; `find()` the rows, newest first; `filters` the query parameters
    that narrow them, each with the field it is matched against.
    """

    name: str
    model: type[Subject]
    describe: Callable[[Any], Mapping[str, Any]]
    find: Callable[[], QuerySet[Any]] | None = None
    filters: Mapping[str, str] | None = None
    doc: str = ""

    def rows(self) -> QuerySet[Any]:
        """All rows, newest first unless `find` says otherwise."""
        return self.find() if self.find else self.model._default_manager.order_by("-pk")


def resources() -> dict[str, Resource]:
    """Every collection, from the apps' `api` modules."""
    found = {}
    for app in settings.INSTALLED_APPS:
        if app.startswith("watchbill.") and find_spec(f"{app}.api"):
            for resource in import_module(f"{app}.api").RESOURCES:
                found[resource.name] = resource
    return found


def problem(what: str, status: int, *, field: str = "", hint: str = "") -> JsonResponse:
    """An error as the API gives it: what, which field, what to do."""
    error = {"what": what, "field": field, "hint": hint}
    return JsonResponse({"error": {k: v for k, v in error.items() if v}}, status=status)


def described(entry: Entry) -> dict[str, Any]:
    """A ledger entry as JSON."""
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "act": entry.kind,
        "by": entry.by.username,
        "guide": entry.guide.username if entry.guide else None,
        "armed_by": entry.armed_by.username if entry.armed_by else None,
        "state": entry.state,
        "mode": entry.mode,
        "rule": entry.rule,
        "reason": entry.reason,
        "stamp": entry.stamp,
        "area": entry.area,
        "on": entry.subject,
        "says": entry.says,
        "given": entry.given,
        "outcome": entry.came_of_it,
        "answers": entry.answers_id,
        "voids": entry.voids_id,
    }


def kind_described(kind: Kind[Any, ...]) -> dict[str, Any]:
    """An act as JSON, its parameters as JSON Schema."""
    schemas, parts = msgspec.json.schema_components(
        [kind.shape], ref_template="#/$defs/{name}", schema_hook=_choices
    )
    name = str(schemas[0].get("$ref", "")).rpartition("/")[2]
    return {
        "act": kind.name,
        "title": kind.title,
        "doc": kind.doc,
        "verb": kind.verb,
        "duties": list(kind.duties),
        "on": kind.subject._meta.label_lower,
        "parameters": parts.get(name, schemas[0]),
    }


def _choices(kind: type) -> dict[str, Any]:
    """The schema of Django's choices, which msgspec reads but cannot describe."""
    if issubclass(kind, Enum):
        return {"enum": [word.value for word in kind]}
    raise TypeError(f"{kind} cannot be described")


@signed_in
@require_POST
def do(request: Request, name: str) -> HttpResponse:
    """Perform an act: {"on": ref, parameter: value, …}. 200 done, 202 asked, 403 refused."""
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except (msgspec.DecodeError, RecursionError) as error:
        return problem(f"The body is not JSON: {error}", 400)
    if not isinstance(body, dict) or not isinstance(body.get("on"), str):
        return problem("Say on what: a reference.", 400, field="on", hint="as label:key")
    values = {k: v for k, v in body.items() if k not in ("on", "version", "again")}
    for field in ("version", "again"):
        if not _number_or_none(body.get(field)):
            return problem(f"{field} is a whole number.", 400, field=field)
    call = perform.Call(
        via="cli" if request.headers.get("X-Watchbill-Client") == "cli" else "rest",
        version=body.get("version"),
        again=body.get("again"),
    )
    try:
        entry = perform.submit(name, request.user, find(body["on"]), values, call)
    except UnknownSubject as error:
        return problem(str(error), 404, field="on")
    except perform.NoGoAhead as error:
        return problem(str(error), 409)
    except CannotBeDone as error:
        return problem(error.what, 422, field=error.field, hint=error.hint)
    status = STATUS.get(Entry.State(entry.state), 200)
    instead = {}
    if status != 200:
        kind = KINDS[name]
        decision = kind.may(request.user, find(body["on"]), read(kind.shape, values))
        instead = {"instead": decision.instead}
    once = {"once": entry.once} if entry.once else {}
    return JsonResponse({**described(entry), **instead, **once}, status=status)


def _number_or_none(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= LARGEST)


@signed_in
@require_GET
def kinds(request: Request) -> HttpResponse:
    """Every act with its verb, duties and parameters."""
    return JsonResponse({"acts": [kind_described(KINDS[name]) for name in sorted(KINDS)]})


@signed_in
@require_GET
def may(request: Request) -> HttpResponse:
    """Whether the caller may do `act` on `on`, with the reason: for CI, chat, runbook runners."""
    kind = KINDS.get(request.GET.get("act", ""))
    if kind is None:
        return problem("There is no such act.", 404, field="act")
    try:
        on = find(request.GET.get("on", ""))
    except UnknownSubject as error:
        return problem(str(error), 404, field="on")
    if not isinstance(on, kind.subject):
        return problem(f"{kind.name} is not done on {on.ref}.", 422, field="on")
    try:
        raw = {k: v for k, v in request.GET.items() if k not in ("act", "on")}
        given = read(kind.shape, raw) if raw else {}
    except CannotBeDone as error:
        return problem(error.what, 422, field=error.field, hint=error.hint)
    decision = kind.may(request.user, on, given)
    return JsonResponse(
        {
            "act": kind.name,
            "on": on.ref,
            "version": on.version,
            "mode": decision.mode,
            "effect": decision.effect,
            "rule": decision.rule,
            "tier": decision.tier.word,
            "need": decision.need,
            "standing": decision.standing,
            "second": decision.second,
            "reason": decision.reason,
            "instead": decision.instead,
        }
    )


@signed_in
@require_GET
def asks(request: Request) -> HttpResponse:
    """What the caller could answer, and what the caller waits for."""
    return JsonResponse(
        {
            "asked": [described(entry) for entry in timeline.asks_for(request.user)],
            "waiting": [described(entry) for entry in timeline.asks_by(request.user)],
        }
    )


@signed_in
@require_http_methods(["POST"])
def answer(request: Request, number: int) -> HttpResponse:
    """Answer an ask: {"word": go-ahead | hold | take-over | withdraw | go-on, "why": "…"}."""
    try:
        body = msgspec.json.decode(request.body, type=dict[str, str])
        entry = settle(number, request.user, body.get("word", ""), body.get("why", ""), via="rest")
    except (msgspec.DecodeError, RecursionError) as error:
        return problem(f"The body cannot be read: {error}", 400)
    except perform.NoGoAhead as error:
        return problem(str(error), 409)
    except CannotBeDone as error:
        return problem(error.what, 422, field=error.field, hint=error.hint)
    return JsonResponse(described(entry))


@signed_in
@require_GET
def ledger(request: Request) -> HttpResponse:
    """Entries of a timeline (`ref`) or of everybody's, newest first, `before` an id."""
    entries = Entry.objects.select_related("by", "guide", "armed_by").order_by("-id")
    if ref := request.GET.get("ref"):
        entries = entries.filter(mentions__ref=ref)
    for name in ("act", "state", "by"):
        if value := request.GET.get(name):
            field = {"act": "kind", "by": "by__username"}.get(name, name)
            entries = entries.filter(**{field: value})
    if (before := whole(request.GET.get("before", ""))) is not None:
        entries = entries.filter(pk__lt=before)
    return JsonResponse({"entries": [described(entry) for entry in entries[: _most(request)]]})


@signed_in
@require_GET
def listing(request: Request, collection: str) -> HttpResponse:
    """One page of a collection: `limit` rows after `offset`, narrowed by its filters."""
    resource = resources().get(collection)
    if resource is None:
        return problem(f"There is no {collection}.", 404, hint=", ".join(sorted(resources())))
    rows = resource.rows()
    known = dict(resource.filters or {})
    for name, value in request.GET.items():
        if name in ("limit", "offset"):
            continue
        if name not in known:
            return problem(f"{name} is no filter.", 400, field=name, hint=", ".join(known))
        try:
            rows = rows.filter(**{known[name]: value})
        except (ValueError, ValidationError, FieldError):
            return problem(f"{value!r} cannot be looked for.", 400, field=name)
    offset = whole(request.GET.get("offset", "")) or 0
    if offset > FURTHEST:
        return problem(f"An offset is at most {FURTHEST}.", 400, field="offset", hint="Narrow it.")
    try:
        found = list(rows[offset : offset + _most(request)])
    except (OverflowError, DataError):
        return problem("A number is larger than any that is kept.", 400)
    return _json({collection: [shown(resource, row) for row in found]})


@signed_in
@require_GET
def one(request: Request, collection: str, key: str) -> HttpResponse:
    """One thing, by number or by its key."""
    resource = resources().get(collection)
    if resource is None:
        return problem(f"There is no {collection}.", 404, hint=", ".join(sorted(resources())))
    try:
        row = find(f"{resource.model._meta.label_lower}:{key}")
    except UnknownSubject as error:
        return problem(str(error), 404)
    return _json(shown(resource, row))


def shown(resource: Resource, row: Subject) -> dict[str, Any]:
    """One row as JSON, always with the reference that acts take."""
    return {"ref": row.ref, "version": row.version, **resource.describe(row)}


@require_GET
def openapi(request: HttpRequest) -> HttpResponse:
    """This API as an OpenAPI 3.1 document."""
    paths: dict[str, Any] = {}
    for name in sorted(KINDS):
        kind = KINDS[name]
        told = kind_described(kind)
        parameters = told["parameters"]
        body = {
            "type": "object",
            "required": ["on", *parameters.get("required", [])],
            "properties": {
                "on": {"type": "string", "description": f"a {told['on']}, as label:key"},
                **parameters.get("properties", {}),
            },
        }
        paths[f"/api/v1/acts/{name}"] = {
            "post": {
                "summary": kind.title,
                "description": kind.doc,
                "requestBody": {"content": {"application/json": {"schema": body}}},
                "responses": _responses("200 202 400 401 403 404 409 422"),
            }
        }
    for resource in resources().values():
        filters = [_parameter(name) for name in ("limit", "offset", *(resource.filters or {}))]
        paths[f"/api/v1/{resource.name}"] = {
            "get": {
                "summary": resource.doc or f"List {resource.name}",
                "parameters": filters,
                "responses": _responses("200 400 401"),
            }
        }
        paths[f"/api/v1/{resource.name}/{{key}}"] = {
            "get": {
                "summary": f"One of {resource.name}",
                "parameters": [{**_parameter("key"), "in": "path", "required": True}],
                "responses": _responses("200 401 404"),
            }
        }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Watchbill", "version": "1"},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }
    return _json(document)


_MEANING = {
    "200": "Done.",
    "202": "Asked: it waits for a go-ahead.",
    "400": "The request cannot be read.",
    "401": "Nobody signed in.",
    "403": "Refused, with the reason and what to do instead.",
    "404": "There is no such thing.",
    "409": "It changed, or the go-ahead is not valid.",
    "422": "It makes no sense as given; `error` says which field and what to do.",
}


def _responses(codes: str) -> dict[str, Any]:
    return {code: {"description": _MEANING[code]} for code in codes.split()}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def _most(request: HttpRequest) -> int:
    limit = whole(request.GET.get("limit", ""))
    return 100 if limit is None else min(limit, MOST)


def _json(value: Mapping[str, Any] | Sequence[Any]) -> HttpResponse:
    def plain(other: Any) -> Any:
        if isinstance(other, datetime | date):
            return other.isoformat()
        return str(other)

    return HttpResponse(msgspec.json.encode(value, enc_hook=plain), content_type="application/json")
