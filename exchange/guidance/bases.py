"""What signing asks of the lawful basis: that its parts belong together and are in force."""

from collections.abc import Sequence
from datetime import date

from exchange.guidance.codes import Condition, Gateway, LawfulBasis
from exchange.guidance.edition import Edition
from exchange.guidance.requirements import Problem, check_code


def check_basis(
    edition: Edition,
    *,
    basis: str,
    conditions: Sequence[str] = (),
    gateways: Sequence[str] = (),
    recognised_interest: str | None = None,
    para18_reason: str | None = None,
    today: date,
) -> list[Problem]:
    """Check basis, conditions, gateways and the reasons that two of them demand. Whether they *suffice* is not asked.

    An empty list of conditions is no problem here: only the items shared can tell whether one is needed.
    """
    unknown = [
        *check_code(edition, "lawful_bases", "basis", basis),
        *_check_each(edition, "special_category_conditions", "conditions", conditions),
        *_check_each(edition, "gateways", "gateways", gateways),
        *_check_optional(edition, "recognised_interests", "recognised_interest", recognised_interest),
        *_check_optional(edition, "para18_reasons", "para18_reason", para18_reason),
    ]
    if unknown:
        return unknown
    stated = edition.lawful_bases[basis]
    chosen = [edition.special_category_conditions[given] for given in conditions]
    return [
        *_check_regime(stated, chosen),
        *_check_interest(stated, recognised_interest),
        *_check_para18(chosen, para18_reason),
        *_check_commencement([edition.gateways[given] for given in gateways], today),
    ]


def _check_each(edition: Edition, list_name: str, field: str, given: Sequence[str]) -> list[Problem]:
    return [problem for code in given for problem in check_code(edition, list_name, field, code)][:1]


def _check_optional(edition: Edition, list_name: str, field: str, given: str | None) -> list[Problem]:
    return [] if given is None else check_code(edition, list_name, field, given)


def _check_regime(basis: LawfulBasis, conditions: Sequence[Condition]) -> list[Problem]:
    if all(condition.regime == basis.regime for condition in conditions):
        return []
    sentence = "This condition belongs to the other regime. Law enforcement and general processing do not mix."
    return [Problem("conditions", "other_regime", sentence)]


def _check_interest(basis: LawfulBasis, interest: str | None) -> list[Problem]:
    if basis.needs_recognised_interest and interest is None:
        return [Problem("recognised_interest", "missing", "Say which recognised legitimate interest this rests on.")]
    if interest is not None and not basis.needs_recognised_interest:
        sentence = "This basis does not rest on a recognised interest. Take it out, or change the basis."
        return [Problem("recognised_interest", "not_applicable", sentence)]
    return []


def _check_para18(conditions: Sequence[Condition], reason: str | None) -> list[Problem]:
    needed = any(condition.needs_para18_reason for condition in conditions)
    if needed and reason is None:
        sentence = "Say why there is no consent; the safeguarding condition demands it."
        return [Problem("para18_reason", "missing", sentence)]
    if reason is not None and not needed:
        sentence = "This reason goes with the safeguarding condition only. Take it out, or add the condition."
        return [Problem("para18_reason", "not_applicable", sentence)]
    return []


def _check_commencement(gateways: Sequence[Gateway], today: date) -> list[Problem]:
    waiting = [gateway.code for gateway in gateways if not gateway.is_in_force(today)]
    if not waiting:
        return []
    return [Problem("gateways", "not_in_force", f"{', '.join(waiting)}: not in force yet. Rely on another.")]
