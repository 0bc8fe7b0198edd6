"""The pages of the mechanism: the form of any act, and the answers to what was asked.

These two are the only places where a page writes.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from watchbill.acts import perform, timeline
from watchbill.acts.authority import Effect
from watchbill.acts.forms import form_of, raw
from watchbill.acts.given import CannotBeDone, read
from watchbill.acts.models import Entry
from watchbill.acts.registry import KINDS, Kind
from watchbill.lib.numbers import whole
from watchbill.people.models import Person
from watchbill.people.subject import Subject, UnknownSubject, find

P = ParamSpec("P")


class Request(HttpRequest):
    """A request of somebody who is signed in."""

    user: Person


def signed_in(
    view: Callable[Concatenate[Request, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page for signed-in people; others are sent to sign in, programs get 401."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if request.path.startswith(("/api/", "/telemetry/")):
                return JsonResponse(
                    {"error": {"what": "Sign in, or send a personal token."}}, status=401
                )
            return HttpResponseRedirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
        with timezone.override(request.user.zone):
            return view(cast(Request, request), *args, **kwargs)

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], guarded)


@signed_in
def do(request: Request, name: str) -> HttpResponse:
    """The form of an act (GET) and its performing (POST), as a page or inside a dialog."""
    kind, on = _kind(name), _subject(request)
    if request.method == "POST":
        return _post(request, kind, on)
    preset = {k: v for k, v in request.GET.items() if k not in ("on", "next")}
    return _form(request, kind, on, form_of(kind, on, preset=preset), preset)


def _post(request: Request, kind: Kind[Any, ...], on: Subject) -> HttpResponse:
    form = form_of(kind, on, data=request.POST)
    values = raw(kind, form, request.user)
    try:
        entry = perform.submit(kind.name, request.user, on, values, _call(request))
    except perform.NoGoAhead as error:
        form.add_error(None, str(error))
        return _form(request, kind, on, form, values, status=409)
    except CannotBeDone as error:
        text = f"{error.what} {error.hint}".strip()
        form.add_error(error.field if error.field in form.fields else None, text)
        return _form(request, kind, on, form, values, status=422)
    if entry.state == Entry.State.REFUSED:
        return _form(request, kind, on, form, values, status=403)
    if entry.state == Entry.State.ASKED:
        messages.info(request, f"Asked: {kind.title}. It is done when the go-ahead comes.")
    elif entry.once:
        context = {"kind": kind, "entry": entry, "next": _next(request)}
        return render(request, "acts/once.html", context)
    else:
        messages.success(request, f"{kind.title}: done.")
    return _go(request, str(entry.came_of_it.get("url") or ""))


def _form(
    request: Request,
    kind: Kind[Any, ...],
    on: Subject,
    form: Any,
    values: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    try:
        given = read(kind.shape, values)
    except CannotBeDone:
        given = {}
    try:
        lines = kind.effect(on, given) if kind.effect else []
    except CannotBeDone:  # not filled in yet: what would happen cannot be told
        lines = []
    decision = kind.may(request.user, on, given)
    context = {
        "kind": kind,
        "on": on,
        "form": form,
        "decision": decision,
        "wait": decision.effect in (Effect.WAIT, Effect.SECOND),
        "refuse": decision.effect is Effect.REFUSE,
        "lines": lines,
        "version": on.version if kind.effect else "",
        "next": _next(request),
        "again": request.GET.get("again", request.POST.get("again", "")),
    }
    return render(request, "acts/do.html", context, status=status)


@signed_in
@require_GET
def asks(request: Request) -> HttpResponse:
    """What waits for this person's answer, and what this person waits for."""
    mine = list(timeline.asks_by(request.user))
    return render(
        request,
        "acts/asks.html",
        {"asked": timeline.asks_for(request.user), "waiting": mine},
    )


@signed_in
@require_POST
def answer(request: Request, number: int) -> HttpResponse:
    """Go ahead, hold, take over, withdraw or go on: `word` says which, `why` the reason."""
    word, why = request.POST.get("word", ""), request.POST.get("why", "")
    try:
        settle(number, request.user, word, why, via="page")
        told = {
            "go-ahead": "You gave the go-ahead; it is done.",
            "hold": "Held. They see your reason.",
            "take-over": "You took it over; it is done in your name.",
            "withdraw": "Withdrawn.",
            "go-on": "Nobody answered: you went on. The timeline says so.",
        }[word]
        messages.success(request, told)
    except (perform.NoGoAhead, CannotBeDone) as error:
        messages.error(request, str(error))
    return _go(request, "")


def settle(number: int, by: Person, word: str, why: str, *, via: str) -> Entry:
    """Answer the asked entry `number`. Raises NoGoAhead or CannotBeDone with the reason."""
    if word in ("go-ahead", "hold"):
        return perform.answer(number, by, go_ahead=word == "go-ahead", why=why, via=via)
    if word == "take-over":
        return perform.take_over(number, by, via=via)
    if word == "withdraw":
        return perform.withdraw(number, by, via=via)
    if word == "go-on":
        return perform.go_on(number, by, via=via)
    raise CannotBeDone(
        f"{word!r} is no answer.", field="word", hint="go-ahead, hold, take-over, withdraw or go-on"
    )


def _call(request: Request) -> perform.Call:
    version, again = (whole(request.POST.get(name, "")) for name in ("version", "again"))
    return perform.Call(via="page", version=version, again=again)


def _kind(name: str) -> Kind[Any, ...]:
    if name not in KINDS:
        raise Http404(f"there is no act {name}")
    return KINDS[name]


def _subject(request: HttpRequest) -> Subject:
    try:
        return find(request.POST.get("on") or request.GET.get("on", ""))
    except UnknownSubject as error:
        raise Http404(str(error)) from None


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or request.headers.get("Referer")
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return wanted
    return "/"


def _go(request: Request, url: str) -> HttpResponse:
    return HttpResponseRedirect(url or _next(request))


def form_url(kind: Kind[Any, ...], on: Subject, /, **preset: object) -> str:
    """Where the form of `kind` on `on` is."""
    query = urlencode({"on": on.ref, **{k: str(v) for k, v in preset.items()}})
    return f"{reverse('acts:do', args=[kind.name])}?{query}"
