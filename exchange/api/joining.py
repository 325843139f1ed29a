"""Invitations and admissions over the API."""

import uuid
from datetime import date
from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.response import Response

from accounts import joining, people
from exchange import desk
from exchange.api.door import REFUSED, Door, Listed, MadeId
from exchange.api.fields import Code, Email, Name, Passphrase, Secret
from exchange.api.shapes import shaped


class InvitationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite, to which role in which team."""

    name: Name
    email: Email
    engagement: Code
    team: uuid.UUID
    role: Code
    job_title: Annotated[str, Meta(max_length=120)] = ""
    valid_from: date | None = None
    valid_until: date | None = None


class Invitation(msgspec.Struct, frozen=True):
    """The link's secret, shown once: give it to the person yourself."""

    secret: str


class TakeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The link's secret and the passphrase the invited person chose."""

    secret: Secret
    passphrase: Passphrase


class ConfirmRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything typed back, to prove it was kept."""

    secret: Secret
    passphrase: Passphrase
    recovery_code: Annotated[str, Meta(max_length=80)]
    code: Annotated[str, Meta(max_length=80)]


class AdmitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fingerprint compared with the person, by voice."""

    fingerprint: Annotated[str, Meta(max_length=40)]


class Invitations(Door):
    """Invite."""

    @extend_schema(
        operation_id="invite_person", request=shaped(InvitationRequest), responses={201: shaped(Invitation), **REFUSED}
    )
    def post(self, request: object) -> Response:
        """Invite a person to a role in a team of your agency."""
        del request
        asked = self.body(InvitationRequest)
        details = people.PersonDetails(
            asked.name, asked.email, asked.engagement, asked.job_title, asked.valid_from, asked.valid_until
        )
        return self.answer(Invitation(desk.invite(details, team_id=str(asked.team), role=asked.role, by=self.by)), 201)


class TakingUp(Door):
    """Take an invitation."""

    @extend_schema(
        operation_id="take_invitation",
        request=shaped(TakeRequest),
        responses={200: shaped(joining.Taken), **REFUSED},
        auth=[],
    )
    def post(self, request: object) -> Response:
        """Choose a passphrase: your keys are made; the recovery code is shown once."""
        del request
        asked = self.body(TakeRequest)
        return self.answer(joining.take_invitation(asked.secret, asked.passphrase))


class Confirmations(Door):
    """Confirm an invitation."""

    @extend_schema(
        operation_id="confirm_invitation", request=shaped(ConfirmRequest), responses={204: None, **REFUSED}, auth=[]
    )
    def post(self, request: object) -> Response:
        """Type back the recovery code and a code from the authenticator; a lead then admits you."""
        del request
        asked = self.body(ConfirmRequest)
        joining.confirm_invitation(asked.secret, asked.passphrase, asked.recovery_code, asked.code)
        return Response(status=204)


class Admissions(Door):
    """Who waits."""

    @extend_schema(operation_id="list_admissions", responses={200: shaped(Listed[people.Waiting]), **REFUSED})
    def get(self, request: object) -> Response:
        """The people who wait for you to admit them, with the fingerprint to compare by voice."""
        del request
        return self.answer(Listed(list(desk.list_waiting(by=self.by)), ""))


class OneAdmission(Door):
    """Admit."""

    @extend_schema(
        operation_id="admit_person", request=shaped(AdmitRequest), responses={201: shaped(MadeId), **REFUSED}
    )
    def post(self, request: object, invitation: str) -> Response:
        """Vouch for a person's keys and let them in (a lead; needs a step-up)."""
        del request
        membership = people.admit(invitation, self.body(AdmitRequest).fingerprint, by=self.by)
        return self.answer(MadeId(str(membership.id)), 201)
