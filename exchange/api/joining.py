"""Sessions, invitations, admissions, teams, agencies and tokens over the API."""

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from accounts import agencies, joining, passphrases, people, recovery, sessions, signin, teams, tokens
from exchange import desk, directory, gate, sharing, standing
from exchange.api.door import REFUSED, Door, Listed
from exchange.api.shapes import shaped

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s.]{1,63}(\.[^@\s.]{1,63}){1,8}$")]
Telephone = Annotated[str, Meta(max_length=30, pattern=r"^[0-9 +()-]*$")]
Code = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9_]+$")]
Passphrase = Annotated[str, Meta(max_length=200)]
Secret = Annotated[str, Meta(max_length=100)]


class SigninRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Passphrase and the second factor's code, together."""

    email: Annotated[str, Meta(max_length=254)]
    passphrase: Passphrase
    code: Annotated[str, Meta(max_length=80)]


class StepUpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The passphrase again, to sign, admit or export."""

    passphrase: Passphrase


class Session(msgspec.Struct, frozen=True):
    """An opaque bearer, shown once; until when it lasts, and until when it may sign."""

    bearer: str
    expires_at: datetime
    signing_until: datetime


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


class RecoveryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was written down at joining, and the passphrase to have from now on."""

    email: Annotated[str, Meta(max_length=254)]
    recovery_code: Annotated[str, Meta(max_length=80)]
    spare_code: Annotated[str, Meta(max_length=80)]
    new_passphrase: Passphrase


class ChangeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The present passphrase and the new one."""

    passphrase: Passphrase
    new_passphrase: Passphrase


class AdmitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fingerprint compared with the person, by voice."""

    fingerprint: Annotated[str, Meta(max_length=40)]


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


class MadeId(msgspec.Struct, frozen=True):
    """The id of what was made."""

    id: str


class Suggestion(msgspec.Struct, frozen=True):
    """Six random words."""

    passphrase: str


class TeamsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that the team's or agency's name must hold."""

    words: Annotated[str, Meta(max_length=100)] = ""


class Sessions(Door):
    """Sign in, who am I, sign out."""

    @extend_schema(
        operation_id="sign_in", request=shaped(SigninRequest), responses={201: shaped(Session), **REFUSED}, auth=[]
    )
    def post(self, request: object) -> Response:
        """Open a session with passphrase and second factor; then send `Authorization: Bearer ...`."""
        del request
        asked = self.body(SigninRequest)
        address = gate.address_of(self.request._request)  # noqa: SLF001 - the plain request under the framework's
        opened = signin.sign_in(signin.Attempt(asked.email, asked.passphrase, asked.code, address))
        teams.renew_due(by=opened.keyholder)
        return self.answer(_session(opened), 201)

    @extend_schema(operation_id="show_session", responses={200: shaped(desk.Standing), **REFUSED})
    def get(self, request: object) -> Response:
        """Who you are here, and in which teams."""
        del request
        return self.answer(desk.find_standing(by=self.by))

    @extend_schema(operation_id="sign_out", responses={204: None, **REFUSED})
    def delete(self, request: object) -> Response:
        """Sign out; the bearer is dead at once."""
        del request
        sessions.end(by=self.by)
        return Response(status=204)


class StepUp(Door):
    """Step up."""

    @extend_schema(operation_id="step_up", request=shaped(StepUpRequest), responses={200: shaped(Session), **REFUSED})
    def post(self, request: object) -> Response:
        """Give the passphrase again: a new bearer that may sign and admit for five minutes; the old one is dead."""
        del request
        return self.answer(_session(signin.step_up(self.body(StepUpRequest).passphrase, by=self.by)))


class Passphrases(Door):
    """Suggest."""

    @extend_schema(operation_id="suggest_passphrase", responses={200: shaped(Suggestion)}, auth=[])
    def get(self, request: object) -> Response:
        """Six random words to use as a passphrase."""
        del request
        return self.answer(Suggestion(passphrases.suggest()))


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


class Recoveries(Door):
    """Get back in."""

    @extend_schema(
        operation_id="recover_keys",
        request=shaped(RecoveryRequest),
        responses={200: shaped(joining.Taken), **REFUSED},
        auth=[],
    )
    def post(self, request: object) -> Response:
        """Lost passphrase: the key recovery code and a spare second-factor code seal your keys anew."""
        del request
        asked = self.body(RecoveryRequest)
        address = gate.address_of(self.request._request)  # noqa: SLF001 - the plain request under the framework's
        attempt = recovery.Attempt(asked.email, asked.recovery_code, asked.spare_code, asked.new_passphrase, address)
        return self.answer(recovery.recover(attempt))


class OwnPassphrase(Door):
    """Change."""

    @extend_schema(operation_id="change_passphrase", request=shaped(ChangeRequest), responses={204: None, **REFUSED})
    def put(self, request: object) -> Response:
        """Change your passphrase; every session ends, this one too."""
        del request
        asked = self.body(ChangeRequest)
        recovery.change_passphrase(asked.passphrase, asked.new_passphrase, by=self.by)
        return Response(status=204)


class OnePerson(Door):
    """End an engagement."""

    @extend_schema(operation_id="close_person", responses={204: None, **REFUSED})
    def delete(self, request: object, person: uuid.UUID) -> Response:
        """End someone's engagement with your agency (an administrator): every door closes at once."""
        del request
        sharing.close_person(str(person), by=self.by)
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


class OneMembership(Door):
    """Remove."""

    @extend_schema(operation_id="remove_member", responses={204: None, **REFUSED})
    def delete(self, request: object, membership: str) -> Response:
        """Remove a member of your team: every door closes at once (a lead; needs a step-up)."""
        del request
        sharing.remove_member(membership, by=self.by)
        return Response(status=204)


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
    def get(self, request: object, team: str) -> Response:
        """The people in one of your teams."""
        del request
        return self.answer(Listed(list(directory.list_colleagues(team, by=self.by)), ""))


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


def _session(opened: sessions.Opened) -> Session:
    return Session(opened.bearer, opened.expires_at, opened.signing_until)
