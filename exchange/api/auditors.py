"""The auditor's questions over the API, and the checkpoint anyone signed in may take away."""

from datetime import datetime
from typing import Annotated

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from exchange import auditing
from exchange.api.door import REFUSED, Door
from exchange.api.shapes import shaped

Moment = Annotated[datetime, Meta(tz=True)]  # with its offset: nobody guesses which clock was meant


class EntriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Filters; empty ones do not narrow."""

    person: str = ""
    record: str = ""
    agency: str = ""
    party: str = ""
    event: str = ""
    outcome: str = ""
    since: Moment | None = None
    until: Moment | None = None
    cursor: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class Why(msgspec.Struct, frozen=True):
    """The reason sealed with an entry."""

    why: str


class VerifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The checkpoints the auditor holds, each a whole signed note."""

    held: list[str] = []


class Verified(msgspec.Struct, frozen=True):
    """The log is whole up to this size and root, and agrees with that many held checkpoints."""

    size: int
    root: str
    held: int


class Entries(Door):
    """Ask."""

    @extend_schema(
        operation_id="ask_log",
        responses={200: shaped(auditing.Lines), **REFUSED},
        parameters=[OpenApiParameter(name, str) for name in EntriesQuery.__struct_fields__ if name != "limit"]
        + [OpenApiParameter("limit", int)],
    )
    def get(self, request: object) -> Response:
        """Who did what, when, to which record, on whose behalf: newest first. The asking is itself logged."""
        del request
        asked = self.query(EntriesQuery)
        question = auditing.Question(**{name: getattr(asked, name) for name in EntriesQuery.__struct_fields__})
        return self.answer(auditing.ask(question, by=self.by))


class OneWhy(Door):
    """Read a reason."""

    @extend_schema(operation_id="read_why", responses={200: shaped(Why), **REFUSED})
    def get(self, request: object, entry: int) -> Response:
        """Why an act was done, opened with your audit office's key. Reading it is logged."""
        del request
        return self.answer(Why(auditing.read_why(entry, by=self.by)))


class Checkpoint(Door):
    """Take a checkpoint."""

    @extend_schema(operation_id="show_checkpoint", responses={200: shaped(auditing.State), **REFUSED})
    def get(self, request: object) -> Response:
        """The newest signed checkpoint. Keep it: no later log can leave out what it covers unnoticed."""
        del request
        return self.answer(auditing.find_state())


class Verification(Door):
    """Verify."""

    @extend_schema(
        operation_id="verify_log", request=shaped(VerifyRequest), responses={200: shaped(Verified), **REFUSED}
    )
    def post(self, request: object) -> Response:
        """Verify the whole log against the checkpoints you hold; says where it fails."""
        del request
        found = auditing.verify(self.body(VerifyRequest).held, by=self.by)
        return self.answer(Verified(found.size, found.root.hex(), found.held))
