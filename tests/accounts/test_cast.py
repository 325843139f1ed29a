"""The cast is who it says it is, on every copy."""

import pytest

from tests import cast
from tests.running.databases import Database


@pytest.mark.parametrize("name", list(cast.PEOPLE))
def test_everyone_of_the_cast_signs_in_over_the_api(database: Database, name: str) -> None:
    standing = cast.person(name).see("session")
    assert standing["person_id"] == cast.person(name).person_id == cast.person(name).keyholder().person_id
    assert standing["may_sign_now"]
    assert cast.person(name).team_id in {place["team_id"] for place in standing["places"]}


def test_the_service_is_let_in_by_its_token_and_may_not_sign(database: Database) -> None:
    standing = cast.person("service").see("session")
    assert (standing["kind"], standing["may_sign_now"]) == ("service", False)


def test_the_directory_counts_who_could_open_a_share(database: Database) -> None:
    readers = {line["id"]: line["readers"] for line in cast.person("amina").see("teams")["results"]}
    expected = {"mash": 3, "hillside": 3, "caiu": 1, "nights": 0, "trust": 1, "harbour": 2, "farleigh": 1}
    assert {name: readers[cast.team(name)] for name in expected} == expected
