"""Disclosures over the API: inbox, opening, acknowledging, answering, taking back."""

from typing import Annotated

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from msgspec import Meta
from rest_framework.response import Response

from exchange import disclosures
from exchange.api.door import IDEMPOTENCY, PAGING, REFUSED, Door, Listed, Made, Paging, read_window, show_page
from exchange.api.shapes import shaped


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it, in words."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]


class InboxQuery(Paging, frozen=True):
    """Paging, and whether to leave out what has been acknowledged."""

    unacknowledged: bool = False


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
