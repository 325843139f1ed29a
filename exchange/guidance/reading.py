"""From one item of an edition file to one code: a reader for each kind of list."""

from collections.abc import Callable
from typing import Final, TypedDict, TypeVar, get_args

from exchange.guidance import codes
from exchange.guidance.node import CODE_PATTERN, WORD_PATTERN, Node

COMMON: Final = ("code", "label", "citation", "status")
MAX_CLOCK_HOURS: Final = 24 * 14
MAX_EXPIRY_DAYS: Final = 366 * 2

C = TypeVar("C", bound=codes.Code)


class Common(TypedDict):
    """What every code has."""

    code: str
    label: str
    citation: str
    status: codes.Status


def read_common(parts: dict[str, Node]) -> Common:
    """Take the four members that every code has."""
    return Common(
        code=parts["code"].code(),
        label=parts["label"].text(),
        citation=parts["citation"].text(),
        status=parts["status"].one_of(get_args(codes.Status)),
    )


def read_code(node: Node) -> codes.Code:
    """Read a code with nothing more to it."""
    return codes.Code(**read_common(node.members(*COMMON)))


def read_envelope_word(node: Node) -> codes.Code:
    """Read a coarse word. Small letters, so that a word for the clear envelope is never mistaken for a sealed code."""
    parts = node.members(*COMMON)
    word = parts["code"].code(WORD_PATTERN)
    return codes.Code(
        code=word,
        label=parts["label"].text(),
        citation=parts["citation"].text(),
        status=parts["status"].one_of(get_args(codes.Status)),
    )


def read_role(node: Node) -> codes.RecipientRole:
    """Read a recipient role type."""
    parts = node.members(*COMMON, "casework")
    return codes.RecipientRole(**read_common(parts), casework=parts["casework"].truth())


def read_purpose(node: Node) -> codes.Purpose:
    """Read a purpose; whether its roles and its word exist is checked once all lists are read."""
    parts = node.members(*COMMON, "roles", "envelope", "expiry_days")
    return codes.Purpose(
        **read_common(parts),
        roles=tuple(role.code(CODE_PATTERN) for role in parts["roles"].items()),
        envelope=parts["envelope"].code(WORD_PATTERN),
        expiry_days=parts["expiry_days"].number(1, MAX_EXPIRY_DAYS),
    )


def read_clock(node: Node) -> codes.Clock:
    """Read an acknowledgement clock; its code is an urgency."""
    parts = node.members(*COMMON, "hours", "configurable")
    return codes.Clock(
        **read_common(parts),
        hours=parts["hours"].number(1, MAX_CLOCK_HOURS),
        configurable=parts["configurable"].truth(),
    )


def read_exception(node: Node) -> codes.TellingException:
    """Read a ground for not speaking first."""
    parts = node.members(*COMMON, "one_of_four")
    return codes.TellingException(**read_common(parts), one_of_four=parts["one_of_four"].truth())


def read_agreement(node: Node) -> codes.AgreementStatus:
    """Read an agreement status."""
    parts = node.members(*COMMON, "reason_prompt", "exception", "needs_review_date", "blocks_signing")
    return codes.AgreementStatus(
        **read_common(parts),
        reason_prompt=parts["reason_prompt"].text_or_none(),
        exception=parts["exception"].one_of(get_args(codes.ExceptionRule)),
        needs_review_date=parts["needs_review_date"].truth(),
        blocks_signing=parts["blocks_signing"].truth(),
    )


def read_informed(node: Node) -> codes.InformedStatus:
    """Read an informed status; a banner must have a place for the person's name."""
    parts = node.members(*COMMON, "reason_prompt", "exception", "needs_review_date", "banner")
    banner = parts["banner"].text_or_none()
    if banner is not None and "{person}" not in banner:
        raise parts["banner"].refuse("the banner names nobody.", "Write {person} where the name belongs.")
    return codes.InformedStatus(
        **read_common(parts),
        reason_prompt=parts["reason_prompt"].text_or_none(),
        exception=parts["exception"].one_of(get_args(codes.ExceptionRule)),
        needs_review_date=parts["needs_review_date"].truth(),
        banner=banner,
    )


def read_basis(node: Node) -> codes.LawfulBasis:
    """Read a lawful basis."""
    parts = node.members(*COMMON, "regime", "needs_recognised_interest", "for_public_authority")
    return codes.LawfulBasis(
        **read_common(parts),
        regime=parts["regime"].one_of(get_args(codes.Regime)),
        needs_recognised_interest=parts["needs_recognised_interest"].truth(),
        for_public_authority=parts["for_public_authority"].truth(),
    )


def read_condition(node: Node) -> codes.Condition:
    """Read a special category condition."""
    parts = node.members(*COMMON, "regime", "needs_para18_reason")
    return codes.Condition(
        **read_common(parts),
        regime=parts["regime"].one_of(get_args(codes.Regime)),
        needs_para18_reason=parts["needs_para18_reason"].truth(),
    )


def read_gateway(node: Node) -> codes.Gateway:
    """Read a statutory gateway."""
    parts = node.members(*COMMON, "kind", "commencement")
    return codes.Gateway(
        **read_common(parts),
        kind=parts["kind"].one_of(get_args(codes.GatewayKind)),
        commencement=parts["commencement"].commencement(),
    )


def read_not_shared(node: Node) -> codes.NotSharedReason:
    """Read a reason for not sharing."""
    parts = node.members(*COMMON, "needs_second_signature")
    return codes.NotSharedReason(**read_common(parts), needs_second_signature=parts["needs_second_signature"].truth())


def read_outcome(node: Node) -> codes.Outcome:
    """Read an outcome; nothing can be both shared and in need of a reason for not sharing."""
    parts = node.members(*COMMON, "shared", "needs_not_shared_reason")
    shared, needs_reason = parts["shared"].truth(), parts["needs_not_shared_reason"].truth()
    if shared and needs_reason:
        raise parts["needs_not_shared_reason"].refuse("this outcome is a share.", "Make one of the two false.")
    return codes.Outcome(**read_common(parts), shared=shared, needs_not_shared_reason=needs_reason)


def read_channel(node: Node) -> codes.Channel:
    """Read a channel."""
    parts = node.members(*COMMON, "gives_grant")
    return codes.Channel(**read_common(parts), gives_grant=parts["gives_grant"].truth())


def read_handling(node: Node) -> codes.HandlingCondition:
    """Read a handling condition."""
    parts = node.members(*COMMON, "takes")
    return codes.HandlingCondition(**read_common(parts), takes=parts["takes"].one_of(get_args(codes.Takes)))


def read_agency_kind(node: Node) -> codes.AgencyKind:
    """Read a kind of agency."""
    parts = node.members(*COMMON, "takes_emergencies")
    return codes.AgencyKind(**read_common(parts), takes_emergencies=parts["takes_emergencies"].truth())


def read_list(node: Node, read: Callable[[Node], C]) -> codes.CodeList[C]:
    """Read a whole list with the reader of its kind; a code that stands twice is refused."""
    found: dict[str, C] = {}
    for item in node.items():
        code = read(item)
        if code.code in found:
            raise item.refuse(f"the code {code.code} stands twice.", "Keep one of them.")
        found[code.code] = code
    name = node.path.rpartition(".")[2]
    return codes.CodeList(name, tuple(found.values()))
