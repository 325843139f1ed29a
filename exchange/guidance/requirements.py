"""What signing asks of each answer. Every check returns the problems it finds, an empty list when there are none.

Nothing here decides whether to share: it says what is missing from the record of a decision. The emergency share is
never held up by these checks; it asks `check_agreement_in_emergency` and is completed afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from exchange.guidance.codes import AgreementStatus, InformedStatus
from exchange.guidance.edition import Edition

# Before this a date is a slip of the keyboard: the Children Act 1908 is older than anyone's open file.
EARLIEST_EVENT: Final = date(1908, 1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: the field, a code for programs, and a plain sentence that repeats nothing given."""

    field: str
    code: str
    sentence: str

    def under(self, prefix: str) -> "Problem":
        """Return the same problem in a nested form: `problem.under("people[0]")` names "people[0].reason"."""
        return replace(self, field=f"{prefix}.{self.field}")


def check_code(edition: Edition, list_name: str, field: str, given: str) -> list[Problem]:
    """Check that a code is in the list of that name; the problem carries the codes to choose from."""
    allowed = edition.code_list(list_name)
    if given in allowed:
        return []
    return [Problem(field, "unknown_code", f"This is not one of the codes. Choose one of: {', '.join(allowed)}.")]


def check_agreement(
    edition: Edition,
    status: str,
    *,
    reason: str = "",
    exceptions: Sequence[str] = (),
    review_date: date | None = None,
    today: date,
) -> list[Problem]:
    """Check one person's agreement for signing: code, reason, exceptions, review date; UNKNOWN cannot be signed."""
    found = check_code(edition, "agreement_statuses", "status", status)
    if found:
        return found
    rule = edition.agreement_statuses[status]
    if rule.blocks_signing:
        return [Problem("status", "blocks_signing", "Find out where this person's agreement stands, then sign.")]
    return _check_details(edition, rule, reason=reason, exceptions=exceptions, review_date=review_date, today=today)


def check_agreement_in_emergency(edition: Edition, status: str) -> list[Problem]:
    """Check only that the code exists: in an emergency the rest is asked for afterwards, UNKNOWN included."""
    return check_code(edition, "agreement_statuses", "status", status)


def check_informed(
    edition: Edition,
    status: str,
    *,
    reason: str = "",
    exceptions: Sequence[str] = (),
    review_date: date | None = None,
    today: date,
) -> list[Problem]:
    """Check what one person was told, for signing. NOT_INFORMED rests on at least one of the four exceptions."""
    found = check_code(edition, "informed_statuses", "status", status)
    if found:
        return found
    return _check_details(
        edition,
        edition.informed_statuses[status],
        reason=reason,
        exceptions=exceptions,
        review_date=review_date,
        today=today,
    )


def check_not_shared(
    edition: Edition, reason: str, *, explanation: str, review_date: date | None, today: date
) -> list[Problem]:
    """Check a decision not to share: a reason code, an explanation in words, and a day to look at it again."""
    found = check_code(edition, "not_shared_reasons", "reason", reason)
    if not explanation.strip():
        found.append(Problem("explanation", "missing", "Say in your own words why this was not shared."))
    return [*found, *_check_review_date(edition, review_date, today, needed=True)]


def needs_second_signature(edition: Edition, not_shared_reason: str) -> bool:
    """Whether a decision not to share for this reason waits for a second signature. Raises UnknownCode."""
    return edition.not_shared_reasons[not_shared_reason].needs_second_signature


def check_statement(
    edition: Edition,
    *,
    statement_type: str,
    category: str,
    verification: str,
    event_date: date | None,
    today: date,
) -> list[Problem]:
    """Check the codes and the date of one statement. `today` is the local day of the person who signs."""
    return [
        *check_code(edition, "statement_types", "type", statement_type),
        *check_code(edition, "information_categories", "category", category),
        *check_code(edition, "verification_states", "verification", verification),
        *_check_event_date(event_date, today),
    ]


def _check_event_date(event_date: date | None, today: date) -> list[Problem]:
    if event_date is None:
        return [Problem("event_date", "missing", "Give the day it happened, or the day it was said to you.")]
    if event_date > today:
        return [Problem("event_date", "in_future", "This day has not come yet. Give the day it happened.")]
    if event_date < EARLIEST_EVENT:
        return [Problem("event_date", "too_early", "This day is too long ago. Check the year.")]
    return []


def _check_details(
    edition: Edition,
    rule: AgreementStatus | InformedStatus,
    *,
    reason: str,
    exceptions: Sequence[str],
    review_date: date | None,
    today: date,
) -> list[Problem]:
    found: list[Problem] = []
    if rule.reason_prompt is not None and not reason.strip():
        found.append(Problem("reason", "missing", rule.reason_prompt))
    found += _check_exceptions(edition, rule, exceptions)
    # An exception lifts the duty to speak first, never the duty to look again: with any exception comes a review date.
    needed = rule.needs_review_date or bool(exceptions)
    return found + _check_review_date(edition, review_date, today, needed=needed)


def _check_exceptions(
    edition: Edition, rule: AgreementStatus | InformedStatus, exceptions: Sequence[str]
) -> list[Problem]:
    unknown = [problem for given in exceptions for problem in check_code(edition, "exceptions", "exceptions", given)]
    if unknown:
        return unknown[:1]
    if len(set(exceptions)) != len(exceptions):
        return [Problem("exceptions", "repeated", "Give each exception once.")]
    if exceptions and rule.exception == "none":
        return [Problem("exceptions", "not_applicable", "This status takes no exception. Take one of the two out.")]
    if rule.exception != "required" or any(edition.exceptions[given].one_of_four for given in exceptions):
        return []
    four = ", ".join(code for code, ground in edition.exceptions.items() if ground.one_of_four)
    remedy = f"Give at least one of the four exceptions: {four}."
    if exceptions:
        remedy += " If only time stands in the way, choose a status that says it was not practicable."
    return [Problem("exceptions", "missing", remedy)]


def _check_review_date(edition: Edition, review_date: date | None, today: date, *, needed: bool) -> list[Problem]:
    if review_date is None:
        return [Problem("review_date", "missing", "Give the day on which this is looked at again.")] if needed else []
    if review_date < today:
        return [Problem("review_date", "in_past", "This day is over. Give today or a later day.")]
    if review_date > today + timedelta(days=edition.review_within_days):
        sentence = f"A review is due within {edition.review_within_days} days. Give an earlier day."
        return [Problem("review_date", "too_late", sentence)]
    return []
