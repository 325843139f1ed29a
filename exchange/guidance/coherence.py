"""What must hold between the lists of an edition, once each has been read by itself."""

from collections.abc import Iterable

from exchange.guidance.codes import Clock, Code, CodeList, Purpose, RecipientRole
from exchange.guidance.errors import GuidanceError


def check_references(
    purposes: CodeList[Purpose], roles: CodeList[RecipientRole], envelope_words: CodeList[Code]
) -> None:
    """Refuse a purpose that names a role or an envelope word the edition does not have, or a role twice."""
    for purpose in purposes.values():
        path = f"lists.purposes.{purpose.code}"
        _refuse_missing(f"{path}.roles", purpose.roles, roles)
        _refuse_missing(f"{path}.envelope", (purpose.envelope,), envelope_words)
        if len(set(purpose.roles)) != len(purpose.roles):
            raise GuidanceError(f"{path}.roles", "a role stands twice.", "Keep one of them.")


def check_envelope_secrecy(purposes: CodeList[Purpose]) -> None:
    """Refuse default expiries that differ between purposes sharing one envelope word.

    Word and expiry both stand in the clear. If a domestic-abuse notice alone lapsed after thirty days, the expiry would
    say what the word was chosen not to.
    """
    days: dict[str, int] = {}
    for purpose in purposes.values():
        first = days.setdefault(purpose.envelope, purpose.expiry_days)
        if first != purpose.expiry_days:
            raise GuidanceError(
                f"lists.purposes.{purpose.code}.expiry_days",
                f"other purposes under the word {purpose.envelope!r} expire after {first} days.",
                "Give all of them the same, or the clear expiry gives the sealed purpose away.",
            )


def check_clocks(urgencies: CodeList[Code], clocks: CodeList[Clock]) -> None:
    """Refuse an urgency without a clock, a clock without an urgency, and a more urgent one with a longer clock."""
    _refuse_missing("lists.acknowledgement_clocks", clocks, urgencies)
    _refuse_missing("lists.urgencies", urgencies, clocks)
    hours = [clocks[urgency].hours for urgency in urgencies]
    if hours != sorted(hours):
        raise GuidanceError(
            "lists.acknowledgement_clocks",
            "a more urgent clock is longer than a less urgent one.",
            "Urgencies stand most urgent first; their hours must not fall.",
        )


def _refuse_missing(path: str, wanted: Iterable[str], known: CodeList[Code]) -> None:
    for code in wanted:
        if code not in known:
            raise GuidanceError(path, f"{code} is not in {known.name}.", "Add it there or take it out here.")
