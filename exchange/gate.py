"""The gate: closed by default, nothing cached, every refusal counted, whichever door it was at.

The API asks for its own bearer. Everything else needs the two cookies of a signed-in person, but for the short list
below.
"""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse

from accounts import sessions
from accounts.errors import KeysAltered, NotSignedIn
from accounts.keyring import Keyholder
from audit import events, log
from audit.errors import Refused
from exchange import refusals

# The only addresses outside the API that answer a stranger with anything but a refusal.
OPEN = frozenset({"/sign-in", "/static/exchange/sign-in.css", "/health"})
API = "/api/"
# Within the API, the only ones that act for someone without a bearer.
OPEN_IN_API = frozenset(
    {
        ("POST", "/api/v1/session"),
        ("GET", "/api/v1/passphrases/suggestion"),
        ("POST", "/api/v1/invitations/take"),
        ("POST", "/api/v1/invitations/confirm"),
        ("POST", "/api/v1/recoveries"),
    }
)
LONGEST_REQUEST = 3 * 2**20  # bytes: what it makes must fit a sealed body, of 4 MiB at most
SESSION_COOKIE, UNLOCK_COOKIE = "__Host-session", "__Host-unlock"
REFUSING = frozenset({400, 401, 403, 404, 405, 406, 413, 415, 429})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Gate:
    """Middleware: see the module."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let through or refuse; log a refusal nobody else has; harden whatever goes out."""
        request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]  # carried to the entry of a refusal
        request.refusal_logged = False  # type: ignore[attr-defined]
        response = self._answer(request)
        self._log_refusal(request, response)
        return _harden(response)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if _is_too_long(request):
            return _refuse_length(request)
        if request.path.startswith(API) or request.path in OPEN:
            return self.get_response(request)
        try:
            request.keyholder = find_keyholder(request)  # type: ignore[attr-defined]
        except NotSignedIn as refused:
            if isinstance(refused, KeysAltered):
                refusals.record_refusal(refused)
                request.refusal_logged = True  # type: ignore[attr-defined]
            return HttpResponseRedirect("/sign-in") if request.method == "GET" and _is_page(request) else refuse(401)
        return self.get_response(request)

    def _log_refusal(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Whatever was refused without an act saying so: unknown addresses and methods, strangers at any door."""
        sent_away = isinstance(response, HttpResponseRedirect) and request.path not in OPEN
        if request.refusal_logged or not (response.status_code in REFUSING or sent_away):  # type: ignore[attr-defined]
            return
        by: Keyholder | None = getattr(request, "keyholder", None)
        if by is None:
            log.count_stranger(f"door:{response.status_code}")
            return
        refused = Refused(events.REQUEST_REFUSED, by=by, detail=f"door:{response.status_code}")
        refusals.record_refusal(refused, request=request.request_id)  # type: ignore[attr-defined]


def find_keyholder(request: HttpRequest) -> Keyholder:
    """The keyholder of the two cookies. Raises `NotSignedIn`."""
    joined = request.COOKIES.get(SESSION_COOKIE, "") + request.COOKIES.get(UNLOCK_COOKIE, "")
    return sessions.resume(joined)


def refuse(status: int, sentence: str = "This is not available to you. Sign in first.\n") -> HttpResponse:
    """A bare refusal."""
    return HttpResponse(sentence, status=status, content_type="text/plain")


def _refuse_length(request: HttpRequest) -> HttpResponse:
    sentence = "That is too much at once. Send less, or add it as a document."
    if not request.path.startswith(API):
        return refuse(413, f"{sentence}\n")
    problem = {"type": "about:blank", "title": "Content Too Large", "status": 413, "detail": sentence}
    found = problem | {"code": "too_large", "errors": []}
    return JsonResponse(found, status=413, content_type="application/problem+json")


def address_of(request: HttpRequest) -> str:
    """The network address asking, for the sign-in throttle.

    Where TLS ends at a proxy (an https origin), that proxy appends the address it saw to X-Forwarded-For; anything
    before it came from the asker and is not believed.
    """
    if settings.SECURE_PROXY_SSL_HEADER:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))


def split_bearer(bearer: str) -> tuple[str, str]:
    """A bearer as the two cookies hold it: neither opens anything without the other."""
    middle = len(sessions.PREFIX) + 64  # 16 + 32 bytes in base64url: session id and proof
    return bearer[:middle], bearer[middle:]


def _is_too_long(request: HttpRequest) -> bool:
    """Longer than any request but a document, whose own limit counts its bytes as they come."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isdecimal():
        return True
    digits = length.lstrip("0")[:12]  # noughts before a number are no reason to believe a shorter one
    return int(digits or "0") > LONGEST_REQUEST and not request.path.endswith("/documents")


def _is_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _harden(response: HttpResponseBase) -> HttpResponseBase:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
