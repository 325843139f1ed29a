"""Who is asking: a person's session bearer or a service's token, both in the Authorization header."""

from dataclasses import dataclass

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import sessions, tokens
from accounts.keyring import Keyholder

LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """What the framework calls a user: only that there is one. The keys are in `request.auth`."""

    is_authenticated: bool = True


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer cfr1_...` (a person) or `cft1_...` (a service)."""

    def authenticate(self, request: Request) -> tuple[Caller, Keyholder] | None:
        """The caller and their keyholder; None without a bearer. Raises `NotSignedIn`."""
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, bearer = header.partition(" ")
        known = scheme.lower() == "bearer" and len(header) <= LONGEST_HEADER
        if known and bearer.startswith(tokens.PREFIX):
            return Caller(), tokens.resume(bearer)
        return Caller(), sessions.resume(bearer if known else "")

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        del request
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes the bearer."""

    target_class = "exchange.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """HTTP bearer authentication (RFC 6750)."""
        del auto_schema
        return {"type": "http", "scheme": "bearer"}
