"""Signing in and out, stepping up, and getting back in, over the API."""

from datetime import datetime
from typing import Annotated

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Meta
from rest_framework.response import Response

from accounts import joining, passphrases, recovery, sessions, signin
from exchange import desk, gate
from exchange.api.door import REFUSED, Door
from exchange.api.fields import Passphrase
from exchange.api.shapes import shaped


class SigninRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Passphrase and the second factor's code, together."""

    email: Annotated[str, Meta(max_length=254)]
    passphrase: Passphrase
    code: Annotated[str, Meta(max_length=80)]


class StepUpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The passphrase again, to sign, admit or export."""

    passphrase: Passphrase


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


class Session(msgspec.Struct, frozen=True):
    """An opaque bearer, shown once; until when it lasts, and until when it may sign."""

    bearer: str
    expires_at: datetime
    signing_until: datetime


class Suggestion(msgspec.Struct, frozen=True):
    """Six random words."""

    passphrase: str


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
        desk.renew_keys(by=opened.keyholder)
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


def _session(opened: sessions.Opened) -> Session:
    return Session(opened.bearer, opened.expires_at, opened.signing_until)
