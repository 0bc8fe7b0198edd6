"""Pages about people. Signing in and out and the first visit write without an act: nobody is there

yet to perform one. Everything else is an act.
"""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from watchbill.accounts import first_run, reads, sign_ins
from watchbill.acts.web import Request, signed_in
from watchbill.lib.levels import place_words
from watchbill.people import example
from watchbill.people.models import House, Person, Team, Token

PAGES = (
    ("/people/", "People and teams", "Accounts, placement, who owns what", "users"),
    ("/settings/authority", "Authority", "The dials, the table, every act", "shield-check"),
    ("/settings/sources", "Sources", "Tokens for what sends alerts and metrics", "key"),
    ("/settings/escalation/", "Escalation", "Whom alerts call, step by step", "bell"),
    ("/monitoring/rules/", "Rules", "What fires when; files refused", "list-checks"),
    ("/settings/health", "Health", "Processes, database, disk, what is refused", "heart-pulse"),
    ("/glossary", "Glossary", "What the words mean", "info"),
    (
        "/api/v1/openapi.json",
        "REST API",
        "Every act and collection, as OpenAPI",
        "file-text",
    ),
    ("/settings/styleguide", "Style guide", "Every part that pages are built from", "eye"),
)
EXAMPLE = ("/settings/example", "Example", "Break the example system, and mend it", "flask-conical")


class SignIn(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label="User name", widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class FirstRun(forms.Form):
    """What the owner says on the first visit."""

    house = forms.CharField(label="Name of your organisation or team", max_length=100)
    name = forms.CharField(label="Your name", max_length=100)
    username = forms.SlugField(label="User name", max_length=40)
    password = forms.CharField(
        min_length=10, help_text="At least 10 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; on loopback in the demo, one click signs in as an example person.

    At the own address of an example person opening it is enough.
    """
    form = SignIn(request.POST or None)
    target = _next(request)
    here = example.whose(request)
    if here is not None and _opened(request):
        login(request, here, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponseRedirect(target)
    if request.method == "POST" and form.is_valid():
        username = form.cleaned_data["username"]
        if sign_ins.too_many_failures(username):
            form.add_error(None, "Too many wrong passwords. Try again in 15 minutes.")
        elif person := authenticate(request, **form.cleaned_data):
            login(request, person)
            return HttpResponseRedirect(target)
        else:
            sign_ins.remember_failure(username)
            form.add_error(None, "This user name and password do not belong together.")
    return render(
        request,
        "accounts/sign_in.html",
        {
            "form": form,
            "next": target,
            "example": reads.example_team(here) if _demo_here(request) else [],
        },
        status=422 if form.errors else 200,
    )


@require_POST
def sign_in_as(request: HttpRequest, username: str) -> HttpResponse:
    """Sign in as one of the example team: only in the demo and only on this machine."""
    if not _demo_here(request):
        raise Http404
    person = get_object_or_404(Person, username=username, example=True, is_active=True)
    if example.whose(request) not in (None, person):
        raise Http404("this is somebody else's address")
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return HttpResponseRedirect("/sign-in?stay=1")


def first_visit(request: HttpRequest) -> HttpResponse:
    """The page behind the one-time link: makes the owner and signs them in."""
    key = request.POST.get("key") or request.GET.get("key", "")
    if not first_run.valid(key):
        return render(request, "accounts/first_run_over.html", status=403)
    if request.POST.get("instead") == "example":
        return _start_example(request)
    form = FirstRun(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            owner = first_run.make_owner(**form.cleaned_data)
        except ValidationError as error:
            form.add_error(None if hasattr(error, "error_dict") else "password", error)
        else:
            login(request, owner, backend="django.contrib.auth.backends.ModelBackend")
            messages.success(request, "Watchbill is yours. Add your team first.")
            return HttpResponseRedirect("/")
    context = {"form": form, "key": key}
    return render(request, "accounts/first_run.html", context, status=422 if form.errors else 200)


@signed_in
def people(request: Request) -> HttpResponse:
    """Everybody, with their place in each area."""
    return render(
        request,
        "accounts/people.html",
        {"people": reads.everybody(), "teams": reads.teams(), "house": House.get()},
    )


@signed_in
def person(request: Request, username: str) -> HttpResponse:
    """One person: where they stand and why, what they did; for themselves, how to reach them."""
    who = get_object_or_404(Person, username__iexact=username)
    places = reads.placed(who)
    return render(
        request,
        "accounts/person.html",
        {
            "who": who,
            "mine": who == request.user,
            "places": places,
            "stands": place_words((at.level, at.title, at.area.title) for at in places),
            "teams": who.teams.order_by("name"),
            "entries": reads.recent(who),
            "contacts": who.contact_methods.filter(removed_at=None).order_by("order"),
            "tokens": who.tokens.filter(kind=Token.Kind.PERSONAL, revoked_at=None),
        },
    )


@signed_in
def team(request: Request, slug: str) -> HttpResponse:
    """A team, its people and what it owns."""
    found = get_object_or_404(Team.objects.prefetch_related("members"), slug=slug)
    return render(request, "accounts/team.html", {"team": found})


@signed_in
def settings_index(request: Request) -> HttpResponse:
    """Where the engine pages are."""
    pages = (*PAGES, EXAMPLE) if example.shown() else PAGES
    return render(request, "accounts/settings.html", {"house": House.get(), "pages": pages})


@signed_in
def authority(request: Request) -> HttpResponse:
    """The dials, the authority table and every act, as they are in force."""
    return render(
        request,
        "accounts/authority.html",
        {
            "house": House.get(),
            "dials": reads.dials(),
            "table": reads.table(),
            "acts": reads.acts(),
        },
    )


@signed_in
def sources(request: Request) -> HttpResponse:
    """The tokens of machines that send alerts and metrics."""
    found = Token.objects.filter(kind=Token.Kind.SOURCE).select_related("person").order_by("-id")
    context = {"house": House.get(), "sources": found, "url": settings.URL,
               "secure": settings.URL.startswith("https://"),
               "telemetry": settings.TELEMETRY_URL,
               "embedded": settings.TELEMETRY_EMBEDDED}  # fmt: skip
    return render(request, "accounts/sources.html", context)


def _start_example(request: HttpRequest) -> HttpResponse:
    """Have the supervisor start the example system, and wait for it on a page of its own."""
    if not example.beside(request) or not first_run.start_example():
        return render(request, "accounts/example_starts.html", {"possible": False}, status=409)
    return render(request, "accounts/example_starts.html", {"possible": True})


def _demo_here(request: HttpRequest) -> bool:
    return example.shown() and example.beside(request)


def _opened(request: HttpRequest) -> bool:
    """Somebody opened a page, as opposed to a picture or a script that asks, and to who signed out.

    Browsers say what they ask for: https://www.w3.org/TR/fetch-metadata/.
    """
    page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return request.method == "GET" and page and "stay" not in request.GET


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return wanted if safe else "/"
