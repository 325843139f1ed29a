"""Agencies, teams, their people and their agreements, over the API."""

import uuid
from datetime import date
from typing import Annotated, Literal

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from accounts import agencies, teams
from exchange import desk, directory, sharing
from exchange.api.door import REFUSED, Door, Listed, MadeId
from exchange.api.fields import Code, Email, Name, Telephone
from exchange.api.shapes import shaped


class AgencyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agency joining; `kind` and `sector` are codes of the edition."""

    name: Name
    kind: Code
    sector: Code
    registration: Annotated[str, Meta(max_length=60)] = ""
    telephone: Telephone = ""


class TeamRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new desk of an agency."""

    name: Name
    agency: uuid.UUID
    remit: Annotated[str, Meta(max_length=240)] = ""
    email: Email | Literal[""] = ""
    telephone: Telephone = ""


class AgreementRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An information-sharing agreement between agencies."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    starts_on: date
    agencies: Annotated[list[uuid.UUID], Meta(min_length=1, max_length=100)]
    reference: Annotated[str, Meta(max_length=60)] = ""
    ends_on: date | None = None


class TeamsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that the team's or agency's name must hold."""

    words: Annotated[str, Meta(max_length=100)] = ""


class Agencies(Door):
    """Bring in an agency."""

    @extend_schema(
        operation_id="join_agency", request=shaped(AgencyRequest), responses={201: shaped(MadeId), **REFUSED}
    )
    def post(self, request: object) -> Response:
        """Bring an agency into the partnership (the lead who holds its root key)."""
        del request
        asked = self.body(AgencyRequest)
        details = agencies.AgencyDetails(asked.name, asked.kind, asked.sector, asked.registration, asked.telephone)
        return self.answer(MadeId(desk.join_agency(details, by=self.by)), 201)


class Teams(Door):
    """The directory, and new teams."""

    @extend_schema(
        operation_id="list_teams",
        responses={200: shaped(Listed[directory.TeamLine]), **REFUSED},
        parameters=[OpenApiParameter("words", str)],
    )
    def get(self, request: object) -> Response:
        """The directory of teams you can share with."""
        del request
        return self.answer(Listed(list(directory.list_teams(self.query(TeamsQuery).words, by=self.by)), ""))

    @extend_schema(operation_id="add_team", request=shaped(TeamRequest), responses={201: shaped(MadeId), **REFUSED})
    def post(self, request: object) -> Response:
        """Add a team to an agency (its administrator or a lead of it)."""
        del request
        asked = self.body(TeamRequest)
        details = teams.TeamDetails(asked.name, remit=asked.remit, email=asked.email, telephone=asked.telephone)
        return self.answer(MadeId(str(teams.add_team(str(asked.agency), details, by=self.by).id)), 201)


class Members(Door):
    """Who is in a team."""

    @extend_schema(operation_id="list_members", responses={200: shaped(Listed[directory.Colleague]), **REFUSED})
    def get(self, request: object, team: uuid.UUID) -> Response:
        """The people in one of your teams."""
        del request
        return self.answer(Listed(list(directory.list_colleagues(str(team), by=self.by)), ""))


class OneMembership(Door):
    """Remove."""

    @extend_schema(operation_id="remove_member", responses={204: None, **REFUSED})
    def delete(self, request: object, membership: str) -> Response:
        """Remove a member of your team: every door closes at once (a lead; needs a step-up)."""
        del request
        sharing.remove_member(membership, by=self.by)
        return Response(status=204)


class OnePerson(Door):
    """End an engagement."""

    @extend_schema(operation_id="close_person", responses={204: None, **REFUSED})
    def delete(self, request: object, person: uuid.UUID) -> Response:
        """End someone's engagement with your agency (an administrator): every door closes at once."""
        del request
        sharing.close_person(str(person), by=self.by)
        return Response(status=204)


class Agreements(Door):
    """Record an agreement."""

    @extend_schema(
        operation_id="record_agreement", request=shaped(AgreementRequest), responses={201: shaped(MadeId), **REFUSED}
    )
    def post(self, request: object) -> Response:
        """Record an information-sharing agreement (an administrator of one of its agencies)."""
        del request
        asked = self.body(AgreementRequest)
        details = agencies.AgreementDetails(
            asked.title, asked.reference, asked.starts_on, asked.ends_on, [str(pk) for pk in asked.agencies]
        )
        return self.answer(MadeId(str(agencies.record_agreement(details, by=self.by).id)), 201)
