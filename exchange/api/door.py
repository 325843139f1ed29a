"""What every API view shares: the keyholder, the parsed body, idempotency, windows."""

import base64
import binascii
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

import msgspec
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from msgspec import Meta
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.keyring import Keyholder
from exchange import gate, idempotency
from exchange.api import problems
from exchange.api.shapes import Malformed, parse, parse_query, render, shaped
from exchange.guidance.requirements import Problem
from exchange.windows import Page, Window

T = TypeVar("T")
KEY = re.compile(r"[\x21-\x7e]{0,64}")
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Up to 64 printable characters. The same request sent again under the same key is done once.",
)
REFUSED = {
    status: OpenApiResponse(shaped(problems.Problem), description=problems.SENTENCES.get(status, "Refused, and why."))
    for status in (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
}

PAGING = [
    OpenApiParameter("limit", int, description="1 to 100 rows; 25 unless told."),
    OpenApiParameter("cursor", str, description="`next` of the previous page."),
]


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a list, and from where: `cursor` is what the previous page called `next`."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    cursor: Annotated[str, Meta(max_length=120)] = ""


class Made(msgspec.Struct, frozen=True):
    """The reference of what was made."""

    ref: str


class MadeId(msgspec.Struct, frozen=True):
    """The id of what was made."""

    id: str


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; `next` is empty at the end."""

    results: list[T]
    next: str


class Door(APIView):
    """A view of the API. Everything needs a bearer, but for the short list in the gate."""

    def get_permissions(self) -> Sequence[BasePermission]:
        """Whether this very method of this very address is on the list: no view opens itself."""
        is_open = (self.request.method, self.request.path) in gate.OPEN_IN_API
        return [AllowAny()] if is_open else [IsAuthenticated()]

    @property
    def by(self) -> Keyholder:
        """Who is asking, with their keys. Only where the framework has already asked for a bearer."""
        return self.request.auth  # type: ignore[return-value]  # BearerAuthentication gives nothing else

    def body(self, shape: type[T]) -> T:
        """The request's body as this shape. Raises `Malformed`."""
        return parse(self.request.data, shape)

    def query(self, shape: type[T]) -> T:
        """The request's query parameters as this shape. Raises `Malformed`."""
        return parse_query(self.request.query_params, shape)

    def act_once(self, act: Callable[[], str]) -> idempotency.Outcome:
        """Run an act that creates or sends, once per Idempotency-Key."""
        key = self.request.headers.get("Idempotency-Key", "")
        if not KEY.fullmatch(key):
            raise Malformed([Problem("Idempotency-Key", "malformed", "Use up to 64 printable characters.")])
        request = msgspec.json.encode([self.request.method, self.request.path, render(self.request.data)])
        return idempotency.act_once(key, request, act, by=self.by)

    def answer(self, value: object, status: int = 200) -> Response:
        """Render a shape."""
        return Response(render(value), status=status)


@extend_schema(exclude=True)
class Nowhere(Door):
    """An address there is not: a stranger is asked to sign in, anyone else told that there is nothing there."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse whatever the method, once it is known who asks."""
        super().initial(request, *args, **kwargs)
        raise Http404


def read_window(paging: Paging) -> Window:
    """The window a page asks for. Raises `Malformed` for a cursor that is not one of ours."""
    if not paging.cursor:
        return Window(paging.limit)
    try:
        at, pk = base64.urlsafe_b64decode(paging.cursor.encode()).decode().split("|")
        return Window(paging.limit, (datetime.fromtimestamp(int(at) / 1_000_000, UTC), uuid.UUID(pk)))
    except (ValueError, binascii.Error, OverflowError, OSError):
        raise Malformed([Problem("cursor", "malformed", "Use the `next` of the previous page, unchanged.")]) from None


def show_page(page: Page[T]) -> Listed[T]:
    """A page as it is rendered."""
    return Listed(list(page.rows), _write_cursor(page.following))


def _write_cursor(following: tuple[datetime, uuid.UUID] | None) -> str:
    if following is None:
        return ""
    at, pk = following
    micros = int(at.timestamp()) * 1_000_000 + at.microsecond
    return base64.urlsafe_b64encode(f"{micros}|{pk}".encode()).decode()
