"""Decisions over the API, and emergencies, which are decided and sent in one call."""

import uuid
from typing import Annotated

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from exchange import decisions, emergency
from exchange.api import examples
from exchange.api.door import IDEMPOTENCY, PAGING, REFUSED, Door, Listed, Paging, read_window, show_page
from exchange.api.shapes import shaped
from exchange.bodies import Decision


class EmergencyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who, what, to whom. `passphrase` steps up in the same call."""

    child: Annotated[str, Meta(min_length=1, max_length=200)]
    what: Annotated[str, Meta(min_length=1, max_length=10_000)]
    teams: Annotated[list[uuid.UUID], Meta(min_length=1, max_length=20)]
    from_team: Annotated[str, Meta(max_length=36)] = ""
    address: Annotated[str, Meta(max_length=500)] = ""
    date_of_birth: Annotated[str, Meta(max_length=40)] = ""
    do_not_discuss_with: Annotated[str, Meta(max_length=150)] = ""
    passphrase: Annotated[str, Meta(max_length=200)] = ""


class DecisionQuery(Paging, frozen=True):
    """Paging, and which decisions: awaiting a second signature, or emergencies to be completed."""

    awaiting: bool = False
    incomplete: bool = False


class Decisions(Door):
    """Sign and list."""

    @extend_schema(
        operation_id="list_decisions",
        responses={200: shaped(Listed[decisions.DecisionLine]), **REFUSED},
        parameters=[*PAGING, OpenApiParameter("awaiting", bool), OpenApiParameter("incomplete", bool)],
    )
    def get(self, request: object) -> Response:
        """The decisions of your teams, newest first."""
        del request
        asked = self.query(DecisionQuery)
        page = decisions.list_decisions(
            read_window(asked), awaiting=asked.awaiting, incomplete=asked.incomplete, by=self.by
        )
        return self.answer(show_page(page))

    @extend_schema(
        operation_id="sign_decision",
        request=shaped(Decision),
        responses={201: shaped(decisions.Signed), **REFUSED},
        parameters=[IDEMPOTENCY],
        examples=[
            OpenApiExample("Share with the MASH", examples.SHARE, request_only=True),
            OpenApiExample("Do not share", examples.DO_NOT_SHARE, request_only=True),
        ],
    )
    def post(self, request: object) -> Response:
        """Sign a decision to share or not to share (needs a step-up younger than five minutes)."""
        del request
        asked = self.body(Decision)
        outcome = self.act_once(lambda: decisions.sign(asked, by=self.by).ref)
        return self.answer(decisions.find_signed(outcome.ref, by=self.by), 201)


class OneDecision(Door):
    """Open a decision."""

    @extend_schema(operation_id="open_decision", responses={200: shaped(decisions.OpenDecision), **REFUSED})
    def get(self, request: object, ref: str) -> Response:
        """A decision and its reasoning."""
        del request
        return self.answer(decisions.open_decision(ref, by=self.by))


class Countersignature(Door):
    """The second signature."""

    @extend_schema(
        operation_id="countersign_decision", request=None, responses={200: shaped(decisions.Signed), **REFUSED}
    )
    def post(self, request: object, ref: str) -> Response:
        """Give the second signature (a lead other than who signed; needs a step-up); what was decided goes out."""
        del request
        return self.answer(decisions.countersign(ref, by=self.by))


class Completion(Door):
    """Complete an emergency."""

    @extend_schema(
        operation_id="complete_decision", request=shaped(Decision), responses={200: shaped(decisions.Signed), **REFUSED}
    )
    def post(self, request: object, ref: str) -> Response:
        """Complete the record of an emergency share afterwards (needs a step-up)."""
        del request
        return self.answer(emergency.complete(ref, self.body(Decision), by=self.by))


class Emergencies(Door):
    """Share now."""

    @extend_schema(
        operation_id="share_emergency",
        request=shaped(EmergencyRequest),
        responses={201: shaped(emergency.Shared), **REFUSED},
        parameters=[IDEMPOTENCY],
        examples=[OpenApiExample("A child in danger now", examples.EMERGENCY, request_only=True)],
    )
    def post(self, request: object) -> Response:
        """Share with police or social care in one call; complete the record afterwards."""
        del request
        asked = self.body(EmergencyRequest)
        call = emergency.Call(
            child=asked.child,
            what=asked.what,
            team_ids=[str(team) for team in asked.teams],
            from_team=asked.from_team,
            address=asked.address,
            date_of_birth=asked.date_of_birth,
            do_not_discuss_with=asked.do_not_discuss_with,
        )
        by = emergency.step_up(asked.passphrase, by=self.by)
        made: list[emergency.Shared] = []

        def act() -> str:
            made.append(emergency.share(call, by=by))
            return made[0].decision

        outcome = self.act_once(act)
        return self.answer(made[0] if made else emergency.find_shared(outcome.ref, by=self.by), 201)
