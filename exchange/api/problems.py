"""One documented shape for everything that goes wrong: RFC 9457 problem details, with a code and a plain sentence."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors as people_errors
from accounts.keyring import Keyholder
from audit import errors as audit_errors
from audit import events
from audit.errors import Refused
from exchange import errors, refusals
from exchange.api.shapes import Malformed, render
from exchange.guidance.requirements import Problem as FieldProblem

MEDIA_TYPE = "application/problem+json"
STATUSES: tuple[tuple[type[Refused], int], ...] = (
    (people_errors.NotSignedIn, 401),
    (people_errors.SigninBlocked, 429),
    (people_errors.StepUpNeeded, 403),
    (people_errors.NotAllowed, 403),
    (people_errors.NotThere, 404),
    (people_errors.KeyRefused, 409),
    (people_errors.NoKeyHolder, 409),
    (people_errors.Conflict, 409),
    (errors.CannotOpen, 409),
    (errors.Repeated, 422),
    (errors.TooLarge, 413),
    (errors.StoreDown, 503),
    (people_errors.NotAcceptable, 422),
    (Refused, 403),
)
SENTENCES = {
    400: "The request is not well formed. Check that it is valid JSON of the documented shape.",
    401: "Sign in first: this session is not known, or it has ended.",
    403: "This is not available to you.",
    404: "There is nothing here under that reference, or it is not yours to see.",
    405: "That method is not used here. The API's documentation says which are.",
    406: "Answers come as JSON. Ask for application/json.",
    413: "That is too large. Send less at once.",
    415: "Send this as the content type the documentation names.",
    429: "Too many requests. Wait a minute, then try again.",
    503: "This could not be stored, so nothing was done. Try again; if a child is in danger, ring the police on 999.",
}


class FieldFault(msgspec.Struct, frozen=True):
    """One field to put right."""

    field: str
    code: str
    sentence: str


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457 problem details. `detail` is the plain sentence; `errors` names fields when there are any."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldFault] = []


def handle(fault: Exception, context: dict[str, Any]) -> Response | None:
    """Turn a refusal into one answer, after its entry is written. Anything unforeseen is left to become a bare 500."""
    request: Request = context["request"]
    # Not `request.auth`: after a bearer was refused, that would ask for it again, and raise from here.
    auth = getattr(request, "_auth", None)
    by = auth if isinstance(auth, Keyholder) else None
    if isinstance(fault, (OperationalError, InterfaceError)):
        return make_response(503, "unavailable", SENTENCES[503])
    answer = _answer(_explain_clash(fault, by) if isinstance(fault, IntegrityError) else fault, by)
    if answer is None:
        return None
    status, code, sentence, found, refused = answer
    refusals.record_refusal(refused, request=getattr(request, "request_id", ""))
    request._request.refusal_logged = True  # type: ignore[attr-defined]  # noqa: SLF001  # what the gate looks at
    response = make_response(status, code, sentence, found)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def make_response(status: int, code: str, sentence: str, found: Sequence[FieldProblem] = ()) -> Response:
    """A problem as a response."""
    return Response(render(make_problem(status, code, sentence, found)), status=status, content_type=MEDIA_TYPE)


def make_problem(status: int, code: str, sentence: str, found: Sequence[FieldProblem] = ()) -> Problem:
    """A problem in memory."""
    return Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=sentence,
        code=code,
        errors=[FieldFault(problem.field, problem.code, problem.sentence) for problem in found],
    )


Answer = tuple[int, str, str, Sequence[FieldProblem], Refused]


def _answer(fault: Exception, by: Keyholder | None) -> Answer | None:
    if isinstance(fault, Refused):
        status = next(status for kind, status in STATUSES if isinstance(fault, kind))
        return status, fault.code, fault.sentence, _fields(fault), fault
    if isinstance(fault, Malformed):
        return 400, "malformed", SENTENCES[400], fault.problems, _refused("malformed", by)
    if isinstance(fault, audit_errors.LogBroken):
        found = [FieldProblem(fault.place, "log_broken", f"{fault.reason}.")]
        return (
            409,
            "log_broken",
            "The log is not whole. The first place that fails is named below.",
            found,
            _refused("log_broken", by),
        )
    if isinstance(fault, Http404):
        return 404, "not_found", SENTENCES[404], (), _refused("not_found", by)
    if isinstance(fault, exceptions.APIException):
        status = int(fault.status_code)
        code = str(fault.default_code)
        return status, code, SENTENCES.get(status, SENTENCES[400]), (), _refused(code, by)
    return None


def _explain_clash(fault: IntegrityError, by: Keyholder | None) -> Refused:
    """What two do at once, a constraint of the database lets one do. Where it was is logged; its words quote rows."""
    logging.getLogger(__name__).warning("refused by a constraint", exc_info=fault)
    sentence = "Somebody did the same at the same moment, so this was not done. Look at it again, then decide."
    return people_errors.conflict(by, "changed_meanwhile", sentence)


def _fields(refused: Refused) -> Sequence[FieldProblem]:
    if isinstance(refused, errors.Unacceptable):
        return refused.problems
    if isinstance(refused, people_errors.NotAcceptable):
        return [FieldProblem(refused.field, refused.code, refused.sentence)]
    return ()


def _refused(code: str, by: Keyholder | None) -> Refused:
    return Refused(events.REQUEST_REFUSED, by=by, detail=code.replace(" ", "_").lower(), code=code)
