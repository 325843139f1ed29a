"""Tokens of services, and standing instructions, over the API."""

import uuid
from datetime import date

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import tokens
from exchange import standing
from exchange.api.door import REFUSED, Door
from exchange.api.fields import Email, Name
from exchange.api.shapes import shaped


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service for a team, until a day."""

    name: Name
    email: Email
    team: uuid.UUID
    expires_on: date


class InstructionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which service is to be given the team's new disclosures."""

    team: uuid.UUID
    service: uuid.UUID


class Token(msgspec.Struct, frozen=True):
    """A service's token, shown once."""

    id: str
    person_id: str
    secret: str


class Tokens(Door):
    """Make a token."""

    @extend_schema(operation_id="make_token", request=shaped(TokenRequest), responses={201: shaped(Token), **REFUSED})
    def post(self, request: object) -> Response:
        """Make a token for a case-management system of your team (a lead; needs a step-up)."""
        del request
        asked = self.body(TokenRequest)
        made = tokens.make_token(
            asked.name, asked.email, team_id=str(asked.team), expires_on=asked.expires_on, by=self.by
        )
        return self.answer(Token(made.id, made.person_id, made.secret), 201)


class OneToken(Door):
    """End a token."""

    @extend_schema(operation_id="end_token", responses={204: None, **REFUSED})
    def delete(self, request: object, token: str) -> Response:
        """End a token at once (a lead of its team)."""
        del request
        tokens.end_token(token, by=self.by)
        return Response(status=204)


class Instructions(Door):
    """Standing instructions."""

    @extend_schema(
        operation_id="instruct_service", request=shaped(InstructionRequest), responses={204: None, **REFUSED}
    )
    def post(self, request: object) -> Response:
        """Give every new disclosure to your team to one of its services as well (a lead; needs a step-up)."""
        del request
        asked = self.body(InstructionRequest)
        standing.instruct(str(asked.team), str(asked.service), by=self.by)
        return Response(status=204)
