"""The directory: who can be shared with, how many could open it, and who is in one's own teams."""

import pytest

from tests import cast
from tests.journeys import logbook
from tests.running.databases import Database


def test_every_word_narrows_and_the_words_are_not_kept(database: Database) -> None:
    amina = cast.person("amina")
    amina.see("session")
    mark = logbook.Mark()
    found = amina.see("teams", {"words": "northshire caiu"})["results"]
    assert [(line["name"], line["agency"]) for line in found] == [("CAIU", "Northshire Police")]
    (line,) = mark.lines()
    assert (line.event, line.detail) == ("search:made", "directory:1")
    assert amina.see("teams", {"words": "zzzz"})["results"] == []


def test_audit_offices_are_not_shared_with_and_an_agreement_is_shown(database: Database) -> None:
    lines = {line["id"]: line for line in cast.person("amina").see("teams")["results"]}
    assert not {cast.team("exchange-office"), cast.team("school-office")} & set(lines)
    assert lines[cast.team("mash")]["has_agreement"]
    assert not lines[cast.team("harbour")]["has_agreement"]
    assert lines[cast.team("nights")]["telephone"] == cast.NIGHT_TELEPHONE


@pytest.mark.parametrize(("who", "expected"), [("tom", 200), ("adam", 200), ("paul", 404), ("audrey", 404)])
def test_ones_own_team_lists_its_people(database: Database, who: str, expected: int) -> None:
    answer = cast.person(who).get(f"teams/{cast.team('mash')}/members")
    assert answer.status_code == expected
    if expected == 200:
        names = {line["name"] for line in answer.json()["results"]}
        assert names == {"Lena Hart", "Tom Bell", "Rhys Pugh", "Adam Osei", "Caseworks"}
