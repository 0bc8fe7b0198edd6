"""What holds for every request: addresses that can be looked up, and what a browser may do.

A browser may load and run Watchbill's own files, no more.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADERS = {
    # https://www.w3.org/TR/CSP3/. No inline script or style, nothing from other hosts.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), serial=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class PlainAddress:
    """Refuses addresses with a NUL: none of ours has one, and PostgreSQL cannot look for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponse("This address has a NUL in it.\n", "text/plain", 400)
        return self.get_response(request)


class ContentSecurityPolicy:
    """Adds the headers above to every answer that does not set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
