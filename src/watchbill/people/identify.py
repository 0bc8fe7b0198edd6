"""Who is asking: a signed-in browser, or a token. Sets `request.user` and `request.token`."""

import hashlib
from collections.abc import Callable

from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject

from watchbill.lib import clock
from watchbill.people.models import Token

GetResponse = Callable[[HttpRequest], HttpResponse]


def digest(secret: str) -> str:
    """What is kept of a token: tokens carry 32 random bytes, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def bearer(header: str) -> str | None:
    """The credential in an Authorization header, or None."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() in ("bearer", "geniekey") and secret else None


def token_of(header: str) -> Token | None:
    """The live token that an Authorization header carries, or None."""
    secret = bearer(header)
    if secret is None:
        return None
    token = Token.objects.select_related("person").filter(sha256=digest(secret)).first()
    return token if token is not None and token.live(clock.now()) else None


class IdentifyMiddleware:
    """A personal token signs the request in; a source token only names itself.

    A request with a token is not a browser's: its cookies count for nothing, so it needs no
    protection against forged forms.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.token = None  # type: ignore[attr-defined]
        if header := request.headers.get("Authorization"):
            token = token_of(header)
            if token is None:
                return JsonResponse(
                    {"error": "This token is unknown, expired or revoked."}, status=401
                )
            request.token = token  # type: ignore[attr-defined]
            personal = token.kind == Token.Kind.PERSONAL
            request.user = token.person if personal else AnonymousUser()
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        else:
            request.user = SimpleLazyObject(lambda: get_user(request))  # type: ignore[assignment]
        return self.get_response(request)
