"""What one recipient is given: nothing but what was chosen, behind a banner that names nobody they are not given."""

from typing import Any

import pytest
from django.utils import timezone

from exchange import renditions
from exchange.bodies import CasePerson, Concern, Decision, Informing, SharedDocument, SharePlan, Statement
from exchange.guidance import edition as editions

EDITION = editions.current_edition(timezone.localdate())
SENDER = renditions.Sender("Amina Yusuf", "DSLs", "Hillside Primary")
CONCERN = Concern(
    title="Not for them",
    people=[
        CasePerson(id="child", role="child", name="Zebedee Quill"),
        CasePerson(id="mother", role="mother", name="Mary Quill", address="4 Safe Lane"),
    ],
    statements=[
        Statement(id="s1", type="FACT_WITNESSED", category="INJURY", text="A bruise."),
        Statement(id="s2", type="THIRD_PARTY_REPORT", category="CONCERN_NOW", text="Shouting."),
    ],
)
DOCUMENTS = [SharedDocument(id="d1", name="map.pdf", type="application/pdf", size=1)]


def decide(status: str) -> Decision:
    return Decision(
        concern="C-00000-00000", concern_version=1, edition="", ending="share", outcome="SHARED_PARTIAL",
        purpose="MASH", reason="Not for them either.", informing=[Informing(person="mother", status=status)],
    )  # fmt: skip


def make(status: str = "NOT_INFORMED", **plan: Any) -> Any:
    return renditions.make_rendition(
        SharePlan(**plan), decide(status), CONCERN, DOCUMENTS, sender=SENDER, to="MASH", edition=EDITION
    )


def test_only_what_was_chosen_is_in_it_and_the_rest_is_counted() -> None:
    made = make(people=["child"], statements=["s1"])
    assert [person.id for person in made.people] == ["child"]
    assert [statement.id for statement in made.statements] == ["s1"]
    assert (made.documents, made.withheld) == ([], 3)
    text = repr(made)
    for word in ("Mary", "Safe Lane", "Shouting", "map.pdf", "Not for them"):
        assert word not in text


def test_a_message_alone_withholds_everything() -> None:
    made = make(message="Please ring me.")
    assert (made.message, made.withheld, made.people) == ("Please ring me.", 5, [])


@pytest.mark.parametrize(("people", "called"), [(["mother"], "Mary Quill"), (["child"], "mother"), ([], "mother")])
def test_the_banner_calls_by_name_only_whom_the_recipient_is_given(people: list[str], called: str) -> None:
    (line,) = make(people=people, message="M").banner
    assert line == f"{called} has NOT been told. Do not discuss this with {called}."


def test_whoever_was_told_needs_no_banner_and_the_senders_own_lines_come_last() -> None:
    assert make("INFORMED_BEFORE", message="M").banner == []
    assert make(message="M", banner=["Ring before noon."]).banner[-1] == "Ring before noon."


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"people": ["father"]}, "people"),
        ({"statements": ["s1", "s9"]}, "statements"),
        ({"documents": ["d2"]}, "documents"),
        ({}, "statements"),
        ({"message": "   "}, "statements"),
    ],
)
def test_a_plan_that_chooses_nothing_or_what_is_not_there_is_named(plan: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in renditions.check_plan(SharePlan(**plan), CONCERN, ["d1"])] == [field]


def test_a_plan_that_chooses_from_what_is_there_has_no_problem() -> None:
    plan = SharePlan(people=["child"], statements=["s2"], documents=["d1"])
    assert renditions.check_plan(plan, CONCERN, ["d1"]) == []
