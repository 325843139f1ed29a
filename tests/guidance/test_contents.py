"""What this edition must say, whoever edits it next."""

import itertools

import pytest

from exchange.guidance import requirements
from exchange.guidance.edition import Edition

# Words that would tell a thief of the envelopes what happened to a child.
TELLING = ("abuse", "harm", "sex", "violence", "miss", "encompass", "marac", "lado", "police", "court", "death")


def test_no_envelope_word_or_label_tells_what_happened(england: Edition) -> None:
    for word, telling in itertools.product(england.envelope_words.values(), TELLING):
        assert telling not in f"{word.code} {word.label}".lower()


@pytest.mark.parametrize("purpose", ["ENC", "MARAC", "MISS", "LADO", "POL", "COURT"])
def test_a_purpose_that_tells_hides_among_others(england: Edition, purpose: str) -> None:
    hidden = england.purposes[purpose]
    alike = [one for one in england.purposes.values() if one.envelope == hidden.envelope]
    assert "STRAT" in {one.code for one in alike}
    assert {one.expiry_days for one in alike} == {hidden.expiry_days}


def test_every_urgency_has_a_clock_that_a_partnership_may_set(england: Edition) -> None:
    assert list(england.urgencies) == ["IMMEDIATE_999", "RED", "AMBER", "GREEN"]
    assert all(england.acknowledgement_clocks[urgency].configurable for urgency in england.urgencies)


def test_there_are_four_exceptions_and_delay_is_not_one_of_them(england: Edition) -> None:
    four = [code for code, ground in england.exceptions.items() if ground.one_of_four]
    assert four == ["EXC_RISK_OF_HARM", "EXC_SEXUAL_ABUSE", "EXC_FII", "EXC_SERIOUS_CRIME"]
    assert "DELAY_UNJUSTIFIED" in england.exceptions


def test_only_detriment_waits_for_a_second_signature(england: Edition) -> None:
    waiting = [code for code in england.not_shared_reasons if requirements.needs_second_signature(england, code)]
    assert waiting == ["DETRIMENT"]


def test_only_an_unknown_agreement_blocks_signing(england: Edition) -> None:
    assert [code for code, rule in england.agreement_statuses.items() if rule.blocks_signing] == ["UNKNOWN"]


def test_only_our_own_channel_gives_a_grant(england: Edition) -> None:
    assert [code for code, channel in england.channels.items() if channel.gives_grant] == ["EXCHANGE"]


def test_emergencies_go_to_police_and_social_care(england: Edition) -> None:
    kinds = {code for code, kind in england.agency_kinds.items() if kind.takes_emergencies}
    assert kinds == {"CHILDRENS_SOCIAL_CARE", "POLICE"}


def test_whoever_only_assures_receives_only_for_assurance(england: Edition) -> None:
    for purpose in england.purposes.values():
        assuring = {role for role in purpose.roles if not england.recipient_roles[role].casework}
        assert not assuring or purpose.envelope == "assure"


def test_a_person_who_was_not_told_has_a_banner_and_one_who_was_has_none(england: Edition) -> None:
    not_told = england.informed_statuses["NOT_INFORMED"].banner_for("Mother {0}")
    assert not_told == "Mother {0} has NOT been told. Do not discuss this with Mother {0}."
    assert england.informed_statuses["INFORMED_BEFORE"].banner_for("Mother") is None
    quiet = {code for code, status in england.informed_statuses.items() if status.banner is None}
    assert quiet == {"INFORMED_BEFORE", "INFORMED_AFTER"}
