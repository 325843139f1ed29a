"""Concerns, decisions, disclosures, documents and emergencies over the API."""

import re
import uuid
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from exchange import concerns, decisions, disclosures, documents, emergency
from exchange.api import examples
from exchange.api.door import IDEMPOTENCY, REFUSED, Door, Listed, Paging, read_window, show_page
from exchange.api.shapes import Malformed, shaped
from exchange.bodies import Concern, Decision
from exchange.guidance.requirements import Problem

FILE_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,150}")


class ConcernRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new concern. `team` may be left out by someone in one team only."""

    concern: Concern
    urgency: Annotated[str, Meta(max_length=40)]
    team: Annotated[str, Meta(max_length=36)] = ""


class AmendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The concern as it is now to read, and the version it was written from."""

    concern: Concern
    expected_version: int


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


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it, in words."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]


class Made(msgspec.Struct, frozen=True):
    """The reference of what was made."""

    ref: str


class InboxQuery(Paging, frozen=True):
    """Paging, and whether to leave out what has been acknowledged."""

    unacknowledged: bool = False


class DecisionQuery(Paging, frozen=True):
    """Paging, and which decisions: awaiting a second signature, or emergencies to be completed."""

    awaiting: bool = False
    incomplete: bool = False


PAGING = [
    OpenApiParameter("limit", int, description="1 to 100 rows; 25 unless told."),
    OpenApiParameter("cursor", str, description="`next` of the previous page."),
]


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


class RawParser(BaseParser):
    """Leaves an upload alone: its bytes are read as they are sealed."""

    media_type = "*/*"

    def parse(self, stream: object, media_type: object = None, parser_context: object = None) -> dict[str, object]:  # noqa: ARG002 - the framework's signature
        """Nothing is parsed."""
        return {}


class JsonOnly(DefaultContentNegotiation):
    """Problems are JSON whatever a downloader says it accepts."""

    def select_renderer(self, request: object, renderers: Any, format_suffix: object = None) -> Any:  # noqa: ANN401, ARG002 - the framework's signature
        """The only one."""
        return renderers[0], renderers[0].media_type


class Documents(Door):
    """Add a document."""

    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="add_document",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: shaped(documents.Added), **REFUSED},
        parameters=[
            OpenApiParameter(
                "X-Confer-File-Name",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="The file's name, percent-encoded UTF-8.",
            ),
            OpenApiParameter(
                "X-Confer-File-Type",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="Its media type, such as application/pdf.",
            ),
        ],
    )
    def post(self, request: object, ref: str) -> Response:
        """Add a file to a concern: the body is the file itself, sealed as it arrives."""
        del request
        name = unquote(self.request.headers.get("X-Confer-File-Name", ""))
        if not FILE_NAME.fullmatch(name):
            sentence = "Give the file's name, percent-encoded, up to 150 characters, without folders."
            raise Malformed([Problem("X-Confer-File-Name", "malformed", sentence)])
        upload = documents.Upload(name, self.request.headers.get("X-Confer-File-Type", ""), self._chunks())
        return self.answer(documents.add_document(ref, upload, by=self.by), 201)

    def _chunks(self) -> Iterator[bytes]:
        stream = self.request._request  # noqa: SLF001  # DRF's own stream would hold the whole body
        return iter(lambda: stream.read(64 * 1024), b"")


class OneDocument(Door):
    """Download a document."""

    content_negotiation_class = JsonOnly

    @extend_schema(
        operation_id="open_document",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **REFUSED},
    )
    def get(self, request: object, ref: str, document: uuid.UUID) -> StreamingHttpResponse:
        """A document of a record you may open; not a byte leaves before the whole has verified."""
        del request
        opened = documents.open_document(ref, str(document), by=self.by)
        response = StreamingHttpResponse(opened.chunks, content_type="application/octet-stream")
        response["Content-Disposition"] = "attachment"
        response["X-Confer-File-Type"] = opened.description.type
        response["Content-Length"] = str(opened.description.size)
        return response


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


class Inbox(Door):
    """What has come in."""

    @extend_schema(
        operation_id="list_inbox",
        responses={200: shaped(Listed[disclosures.DisclosureLine]), **REFUSED},
        parameters=[*PAGING, OpenApiParameter("unacknowledged", bool)],
    )
    def get(self, request: object) -> Response:
        """What was shared with you and your teams, newest first."""
        del request
        asked = self.query(InboxQuery)
        return self.answer(
            show_page(disclosures.inbox(read_window(asked), unacknowledged=asked.unacknowledged, by=self.by))
        )


class Sent(Door):
    """What has gone out."""

    @extend_schema(
        operation_id="list_sent",
        responses={200: shaped(Listed[disclosures.DisclosureLine]), **REFUSED},
        parameters=PAGING,
    )
    def get(self, request: object) -> Response:
        """What your teams shared, and what came of each."""
        del request
        return self.answer(show_page(disclosures.sent(read_window(self.query(Paging)), by=self.by)))


class OneDisclosure(Door):
    """Open a disclosure."""

    @extend_schema(operation_id="open_disclosure", responses={200: shaped(disclosures.OpenDisclosure), **REFUSED})
    def get(self, request: object, ref: str) -> Response:
        """Open what was shared: the handling banner first."""
        del request
        return self.answer(disclosures.open_disclosure(ref, by=self.by))


class Acknowledgement(Door):
    """Acknowledge."""

    @extend_schema(
        operation_id="acknowledge_disclosure",
        request=None,
        responses={200: shaped(disclosures.DisclosureLine), **REFUSED},
    )
    def post(self, request: object, ref: str) -> Response:
        """Say that it has arrived and is in hand."""
        del request
        return self.answer(disclosures.acknowledge(ref, by=self.by))


class Answers(Door):
    """Answer and list answers."""

    @extend_schema(operation_id="list_answers", responses={200: shaped(Listed[str]), **REFUSED})
    def get(self, request: object, ref: str) -> Response:
        """The references of the answers to a disclosure."""
        del request
        return self.answer(Listed(list(disclosures.answers_to(ref, by=self.by)), ""))

    @extend_schema(
        operation_id="answer_disclosure",
        request=shaped(AnswerRequest),
        responses={201: shaped(Made), **REFUSED},
        parameters=[IDEMPOTENCY],
    )
    def post(self, request: object, ref: str) -> Response:
        """Tell the sender what came of it."""
        del request
        asked = self.body(AnswerRequest)
        return self.answer(Made(self.act_once(lambda: disclosures.answer(ref, asked.text, by=self.by)).ref), 201)


class OneAnswer(Door):
    """Open an answer."""

    @extend_schema(operation_id="open_answer", responses={200: shaped(disclosures.OpenAnswer), **REFUSED})
    def get(self, request: object, ref: str) -> Response:
        """Open an answer."""
        del request
        return self.answer(disclosures.open_answer(ref, by=self.by))


class TakingBack(Door):
    """Take back."""

    @extend_schema(
        operation_id="take_back_disclosure",
        request=None,
        responses={200: shaped(disclosures.DisclosureLine), **REFUSED},
    )
    def post(self, request: object, ref: str) -> Response:
        """Cut the recipient at once."""
        del request
        return self.answer(disclosures.take_back(ref, by=self.by))
