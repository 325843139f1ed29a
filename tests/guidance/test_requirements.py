"""Signing is told what is missing: the field, and a plain sentence; and nothing when nothing is."""

from datetime import date, timedelta
from typing import Any

import pytest

from exchange.guidance import bases, requirements
from exchange.guidance.edition import Edition
from exchange.guidance.errors import UnknownCode
from exchange.guidance.requirements import Problem

TODAY = date(2026, 11, 23)
SOON = TODAY + timedelta(days=28)


def named(problems: list[Problem]) -> list[tuple[str, str]]:
    """Field and code of each problem, having seen that each has a sentence."""
    assert all(problem.sentence.endswith(".") for problem in problems)
    return [(problem.field, problem.code) for problem in problems]


COMPLETE: list[tuple[str, dict[str, Any]]] = [
    ("NOT_REQUIRED", {}),
    ("SOUGHT_GIVEN", {}),
    ("SOUGHT_GIVEN_LIMITED", {"reason": "School only."}),
    ("SOUGHT_REFUSED_RESPECTED", {}),
    ("SOUGHT_REFUSED_OVERRIDDEN", {"reason": "Harm is likely tonight."}),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["EXC_FII"], "review_date": SOON}),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["DELAY_UNJUSTIFIED", "EXC_FII"], "review_date": TODAY}),
    ("NOT_SOUGHT_IMPRACTICABLE", {"reason": "No answer on three calls."}),
    ("NOT_SOUGHT_IMPRACTICABLE", {"reason": "Hours.", "exceptions": ["DELAY_UNJUSTIFIED"], "review_date": SOON}),
    ("WITHDRAWN", {"reason": "On Monday; stops the next visit report."}),
    ("NO_COMPETENCE_OR_CAPACITY", {"reason": "Is four years old."}),
]


@pytest.mark.parametrize(("status", "answers"), COMPLETE)
def test_a_complete_agreement_has_no_problems(england: Edition, status: str, answers: dict[str, Any]) -> None:
    assert requirements.check_agreement(england, status, **answers, today=TODAY) == []


INCOMPLETE: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("MAYBE", {}, [("status", "unknown_code")]),
    ("UNKNOWN", {}, [("status", "blocks_signing")]),
    ("SOUGHT_GIVEN_LIMITED", {"reason": " \n"}, [("reason", "missing")]),
    ("SOUGHT_REFUSED_OVERRIDDEN", {}, [("reason", "missing")]),
    ("NOT_SOUGHT_UNSAFE", {}, [("exceptions", "missing"), ("review_date", "missing")]),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["EXC_FII"]}, [("review_date", "missing")]),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["DELAY_UNJUSTIFIED"], "review_date": SOON}, [("exceptions", "missing")]),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["EXC_MOOD"], "review_date": SOON}, [("exceptions", "unknown_code")]),
    ("NOT_SOUGHT_UNSAFE", {"exceptions": ["EXC_FII"] * 2, "review_date": SOON}, [("exceptions", "repeated")]),
    (
        "NOT_SOUGHT_UNSAFE",
        {"exceptions": ["EXC_FII"], "review_date": TODAY - timedelta(days=1)},
        [("review_date", "in_past")],
    ),
    (
        "NOT_SOUGHT_UNSAFE",
        {"exceptions": ["EXC_FII"], "review_date": TODAY + timedelta(days=367)},
        [("review_date", "too_late")],
    ),
    ("SOUGHT_GIVEN", {"exceptions": ["EXC_FII"], "review_date": SOON}, [("exceptions", "not_applicable")]),
    (
        "NOT_SOUGHT_IMPRACTICABLE",
        {"reason": "No time.", "exceptions": ["DELAY_UNJUSTIFIED"]},
        [("review_date", "missing")],
    ),
]


@pytest.mark.parametrize(("status", "answers", "expected"), INCOMPLETE)
def test_an_incomplete_agreement_names_each_field(
    england: Edition, status: str, answers: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert named(requirements.check_agreement(england, status, **answers, today=TODAY)) == expected


def test_an_emergency_waits_for_no_agreement_but_still_knows_its_codes(england: Edition) -> None:
    assert requirements.check_agreement_in_emergency(england, "UNKNOWN") == []
    assert requirements.check_agreement_in_emergency(england, "SOUGHT_REFUSED_OVERRIDDEN") == []
    assert named(requirements.check_agreement_in_emergency(england, "MAYBE")) == [("status", "unknown_code")]


@pytest.mark.parametrize(
    ("status", "answers"),
    [
        ("INFORMED_BEFORE", {}),
        ("INFORMED_AFTER", {}),
        ("INFORMED_PARTLY", {"reason": "Not that the neighbour rang."}),
        ("PENDING", {"review_date": SOON}),
        ("NOT_PRACTICABLE", {"reason": "Not traced."}),
        ("NOT_INFORMED", {"exceptions": ["EXC_SERIOUS_CRIME"], "review_date": SOON}),
    ],
)
def test_a_complete_informing_has_no_problems(england: Edition, status: str, answers: dict[str, Any]) -> None:
    assert requirements.check_informed(england, status, **answers, today=TODAY) == []


@pytest.mark.parametrize(
    ("status", "answers", "expected"),
    [
        ("TOLD", {}, [("status", "unknown_code")]),
        ("INFORMED_PARTLY", {}, [("reason", "missing")]),
        ("PENDING", {}, [("review_date", "missing")]),
        ("NOT_PRACTICABLE", {}, [("reason", "missing")]),
        ("NOT_INFORMED", {}, [("exceptions", "missing"), ("review_date", "missing")]),
        ("NOT_INFORMED", {"exceptions": ["DELAY_UNJUSTIFIED"], "review_date": SOON}, [("exceptions", "missing")]),
        ("INFORMED_BEFORE", {"exceptions": ["EXC_FII"], "review_date": SOON}, [("exceptions", "not_applicable")]),
    ],
)
def test_an_incomplete_informing_names_each_field(
    england: Edition, status: str, answers: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert named(requirements.check_informed(england, status, **answers, today=TODAY)) == expected


def test_delay_alone_is_told_which_status_it_belongs_to(england: Edition) -> None:
    problem, *_ = requirements.check_informed(
        england, "NOT_INFORMED", exceptions=["DELAY_UNJUSTIFIED"], review_date=SOON, today=TODAY
    )
    assert "EXC_RISK_OF_HARM" in problem.sentence
    assert "not practicable" in problem.sentence


def test_a_decision_not_to_share_needs_reason_words_and_review(england: Edition) -> None:
    whole: dict[str, Any] = {"explanation": "The school has it already.", "review_date": SOON, "today": TODAY}
    assert requirements.check_not_shared(england, "ALREADY_HELD_BY_RECIPIENT", **whole) == []
    empty = requirements.check_not_shared(england, "BUSY", explanation=" ", review_date=None, today=TODAY)
    assert named(empty) == [("reason", "unknown_code"), ("explanation", "missing"), ("review_date", "missing")]


def test_a_second_signature_is_not_answered_for_an_unknown_reason(england: Edition) -> None:
    assert requirements.needs_second_signature(england, "DETRIMENT")
    assert not requirements.needs_second_signature(england, "NO_BASIS")
    with pytest.raises(UnknownCode):
        requirements.needs_second_signature(england, "BUSY")


def statement(england: Edition, **changes: Any) -> list[tuple[str, str]]:
    whole: dict[str, Any] = {
        "statement_type": "CHILD_WORDS",
        "category": "CHILD_VOICE",
        "verification": "UNVERIFIED",
        "event_date": TODAY,
    }
    return named(requirements.check_statement(england, **(whole | changes), today=TODAY))


def test_a_statement_of_today_or_long_ago_has_no_problems(england: Edition) -> None:
    assert statement(england) == []
    assert statement(england, event_date=date(1971, 5, 1), statement_type="HISTORICAL") == []


def test_a_statement_names_what_is_wrong_with_it(england: Edition) -> None:
    assert statement(england, event_date=TODAY + timedelta(days=1)) == [("event_date", "in_future")]
    assert statement(england, event_date=date(1026, 11, 1)) == [("event_date", "too_early")]
    assert statement(england, event_date=None) == [("event_date", "missing")]
    assert statement(england, statement_type="RUMOUR", category="GOSSIP", verification="SURE") == [
        ("type", "unknown_code"),
        ("category", "unknown_code"),
        ("verification", "unknown_code"),
    ]


def test_no_problem_repeats_what_was_given(england: Edition) -> None:
    problems = requirements.check_statement(
        england, statement_type="Zebedee", category="Zebedee", verification="Zebedee", event_date=TODAY, today=TODAY
    )
    assert len(problems) == 3
    assert "Zebedee" not in repr(problems)


def test_a_problem_says_where_it_is_in_a_nested_form() -> None:
    assert Problem("reason", "missing", "Say why.").under("people[0]").field == "people[0].reason"


def basis(england: Edition, **answers: Any) -> list[tuple[str, str]]:
    return named(bases.check_basis(england, **answers, today=TODAY))


@pytest.mark.parametrize(
    "answers",
    [
        {"basis": "A6_1E_PUBLIC_TASK"},
        {"basis": "A6_1E_PUBLIC_TASK", "gateways": ["CA04_16LA", "CA89_S47"]},
        {
            "basis": "A6_1EA_RECOGNISED_LI",
            "recognised_interest": "RLI_SAFEGUARDING",
            "conditions": ["A9_2G_P18_SAFEGUARDING"],
            "para18_reason": "P18_WOULD_PREJUDICE_PROTECTION",
        },
        {"basis": "P3_S35_2B_TASK", "conditions": ["S8_P4_SAFEGUARDING"]},
    ],
)
def test_a_basis_whose_parts_belong_together_has_no_problems(england: Edition, answers: dict[str, Any]) -> None:
    assert basis(england, **answers) == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"basis": "A6_1Z"}, ("basis", "unknown_code")),
        ({"basis": "A6_1E_PUBLIC_TASK", "conditions": ["A9"]}, ("conditions", "unknown_code")),
        ({"basis": "A6_1E_PUBLIC_TASK", "gateways": ["CA89_S99"]}, ("gateways", "unknown_code")),
        ({"basis": "A6_1E_PUBLIC_TASK", "gateways": ["CPA26_CSA"]}, ("gateways", "not_in_force")),
        ({"basis": "A6_1EA_RECOGNISED_LI"}, ("recognised_interest", "missing")),
        ({"basis": "A6_1EA_RECOGNISED_LI", "recognised_interest": "RLI"}, ("recognised_interest", "unknown_code")),
        ({"basis": "A6_1F_LI", "recognised_interest": "RLI_CRIME"}, ("recognised_interest", "not_applicable")),
        (
            {"basis": "A6_1E_PUBLIC_TASK", "conditions": ["A9_2G_P18_SAFEGUARDING"]},
            ("para18_reason", "missing"),
        ),
        (
            {"basis": "A6_1E_PUBLIC_TASK", "para18_reason": "P18_CANNOT_BE_GIVEN"},
            ("para18_reason", "not_applicable"),
        ),
        ({"basis": "P3_S35_2B_TASK", "conditions": ["A9_2C_VITAL"]}, ("conditions", "other_regime")),
    ],
)
def test_a_basis_whose_parts_do_not_belong_together_names_the_part(
    england: Edition, answers: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert basis(england, **answers) == [expected]


def test_a_dated_gateway_is_open_from_its_day_and_not_before(england: Edition) -> None:
    duty = england.gateways["CA04_16LA"]
    assert not duty.is_in_force(date(2026, 9, 29))
    assert duty.is_in_force(date(2026, 9, 30))
    assert not england.gateways["CA04_16LC"].is_in_force(date(2099, 1, 1))
