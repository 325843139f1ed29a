"""Concerns over the API."""

from typing import Annotated

import msgspec
from drf_spectacular.utils import OpenApiExample, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from exchange import concerns
from exchange.api import examples
from exchange.api.door import IDEMPOTENCY, REFUSED, Door, Made
from exchange.api.shapes import shaped
from exchange.bodies import Concern, VersionNumber


class ConcernRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new concern. `team` may be left out by someone in one team only."""

    concern: Concern
    urgency: Annotated[str, Meta(max_length=40)]
    team: Annotated[str, Meta(max_length=36)] = ""


class AmendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The concern as it is now to read, and the version it was written from."""

    concern: Concern
    expected_version: VersionNumber


class Concerns(Door):
    """Raise."""

    @extend_schema(
        operation_id="raise_concern",
        request=shaped(ConcernRequest),
        responses={201: shaped(Made), **REFUSED},
        parameters=[IDEMPOTENCY],
        examples=[OpenApiExample("A bruise seen at school", examples.CONCERN, request_only=True)],
    )
    def post(self, request: object) -> Response:
        """Raise a concern for your team."""
        del request
        asked = self.body(ConcernRequest)
        outcome = self.act_once(
            lambda: concerns.raise_concern(asked.concern, team_id=asked.team, urgency=asked.urgency, by=self.by).ref
        )
        return self.answer(Made(outcome.ref), 201)


class OneConcern(Door):
    """Open and amend."""

    @extend_schema(operation_id="open_concern", responses={200: shaped(concerns.OpenConcern), **REFUSED})
    def get(self, request: object, ref: str) -> Response:
        """Open a concern; the opening is logged before anything is decrypted."""
        del request
        return self.answer(concerns.open_concern(ref, by=self.by))

    @extend_schema(
        operation_id="amend_concern",
        request=shaped(AmendRequest),
        responses={200: shaped(concerns.Raised), **REFUSED},
    )
    def put(self, request: object, ref: str) -> Response:
        """Add the next version of a concern; earlier versions stay."""
        del request
        asked = self.body(AmendRequest)
        amended = concerns.amend_concern(ref, asked.concern, expected_version=asked.expected_version, by=self.by)
        return self.answer(amended)
