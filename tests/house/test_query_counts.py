"""How many queries a page, an opening or a signature costs does not grow with what is there."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import vault
from accounts import teams
from accounts.models import Agency, Invitation, Membership, Person, PersonKeys, Team
from accounts.teams import TeamDetails
from audit import numbering
from tests import cast
from tests.journeys import telling
from tests.running.databases import Database

FEW, MANY = 3, 30


class Counted:
    """How many queries were made, and what they were."""

    def __init__(self) -> None:
        """None yet."""
        self.queries: list[str] = []


@contextmanager
def counting() -> Iterator[Counted]:
    """Count the queries of this block, the beginning and end of transactions included."""
    counted = Counted()
    with CaptureQueriesContext(connection) as captured:
        yield counted
    counted.queries = [query["sql"] for query in captured.captured_queries]


def count(act: Callable[[], Any]) -> Counted:
    """Do it once unobserved, so that what is read once a minute is read, then count."""
    act()
    with counting() as counted:
        act()
    return counted


def compare(few: Counted, many: Counted) -> None:
    """Fail with the queries that came more often."""
    more = list(many.queries)
    for query in few.queries:
        shape = query[:60]
        more.remove(next((one for one in more if one[:60] == shape), more[0]))
    assert len(many.queries) == len(few.queries), "\n".join(["these came on top:", *more[:10]])


def test_lists_cost_the_same_however_long(database: Database) -> None:
    lists = {
        "inbox": lambda: see("lena", "inbox", FEW, limit=100),
        "inbox, unacknowledged": lambda: see("lena", "inbox", FEW, limit=100, unacknowledged="true"),
        "sent": lambda: see("amina", "sent", FEW, limit=100),
        "decisions": lambda: see("amina", "decisions", FEW, limit=100),
        "log": lambda: see("audrey", "log/entries", FEW, limit=200),
        "log of one agency": lambda: see("audrey", "log/entries", FEW, limit=200, agency=cast.agency("hillside")),
    }
    share_many(FEW)
    few = {name: count(act) for name, act in lists.items()}
    share_many(MANY - FEW)
    number()
    for name, act in lists.items():
        compare(few[name], count(act))
    assert len(see("lena", "inbox", MANY, limit=100)) == MANY
    assert len(see("amina", "decisions", MANY, limit=100)) == MANY


def test_opening_costs_the_same_however_much_else_there_is(database: Database) -> None:
    (ref,) = share_many(1)
    concern = str(cast.person("amina").see("decisions")["results"][0]["concern"])
    openings = [
        lambda: cast.person("lena").see(f"disclosures/{ref}"),
        lambda: cast.person("amina").see(f"concerns/{concern}"),
        lambda: cast.person("amina").see(f"decisions/{cast.person('amina').see('decisions')['results'][-1]['ref']}"),
    ]
    few = [count(act) for act in openings]
    share_many(FEW * 3)
    for before, act in zip(few, openings, strict=True):
        compare(before, count(act))


def test_a_concern_costs_the_same_however_many_documents_versions_people_and_statements(database: Database) -> None:
    small, large = telling.raise_concern(), telling.raise_concern(**crowd(MANY))
    telling.add_note(small)
    for _ in range(FEW * 3):
        telling.add_note(large)
    few, many = (count(partial(cast.person("amina").see, f"concerns/{ref}")) for ref in (small, large))
    compare(few, many)
    assert len(cast.person("amina").see(f"concerns/{large}")["documents"]) == FEW * 3


def test_raising_costs_the_same_however_long_the_concern(database: Database) -> None:
    compare(count(telling.raise_concern), count(lambda: telling.raise_concern(**crowd(MANY))))


def test_the_directory_costs_the_same_however_many_teams(database: Database) -> None:
    few = count(lambda: see("amina", "teams", 7))
    for number_ in range(MANY):
        teams.add_team(cast.agency("mash"), TeamDetails(f"Desk {number_}"), by=cast.person("lena").keyholder())
    compare(few, count(lambda: see("amina", "teams", 7 + MANY)))


def test_a_teams_members_and_those_who_wait_cost_the_same_however_many(database: Database) -> None:
    lists: list[Callable[[], Any]] = [
        lambda: see("grace", f"teams/{cast.team('hillside')}/members", FEW),
        lambda: see("grace", "admissions", FEW),
        lambda: see("lena", "admissions", 0),  # holds the root, and so may have to look everywhere
        lambda: cast.person("grace").see("session"),
        lambda: see("lena", "teams", FEW),
    ]
    people_come(FEW)
    few = [count(act) for act in lists]
    people_come(MANY)
    for before, act in zip(few, lists, strict=True):
        compare(before, count(act))
    assert len(see("grace", "admissions", MANY)) == FEW + MANY


def test_signing_costs_the_same_for_each_further_recipient_and_nothing_for_more_to_say(database: Database) -> None:
    ids = [cast.team(name) for name in ("mash", "caiu", "trust", "harbour")]
    costs = [len(count(partial(sign, ids[:size])).queries) for size in (1, 2, 3, 4)]
    steps = {after - before for before, after in itertools.pairwise(costs)}
    assert len(steps) == 1, costs
    (step,) = steps
    assert step <= PER_RECIPIENT, f"{step} queries for each further recipient"
    longer = len(count(lambda: sign(ids[:1], **crowd(MANY))).queries)
    assert longer == costs[0]
    share_many(FEW * 3)
    assert len(count(lambda: sign(ids[:1])).queries) == costs[0]


# A record, its version, two grants with key, permission, entry (and its index rows), a notice, and the disclosure's
# own row and entry: what is written for one recipient, and what is read to vouch for their key.
# It was 58 when this was written.
PER_RECIPIENT = 60


@pytest.fixture(autouse=True)
def _numbered(database: Database) -> None:
    number()


def number() -> None:
    """Give every entry its number, as the worker would have."""
    while numbering.number_entries():
        pass


def see(who: str, path: str, at_least: int, **query: Any) -> list[Any]:
    """A list that holds so many, at least."""
    shown = cast.person(who).see(path, query)
    rows = shown.get("results", shown.get("lines"))
    assert len(rows) >= at_least, path
    return list(rows)


def share_many(number_: int) -> list[str]:
    """So many concerns, each decided on and shared with the MASH; the disclosures."""
    return [telling.share(telling.plan("mash"))[0] for _ in range(number_)]


def sign(recipients: list[str], **changes: Any) -> None:
    """Raise a concern and share it with these teams."""
    plans = [{"team": to, "people": ["child"], "statements": ["s1"]} for to in recipients]
    cast.person("amina").do("decisions", telling.decide_to_share(telling.raise_concern(**changes), *plans))


def crowd(number_: int) -> dict[str, Any]:
    """The parts of a concern with so many people and statements."""
    small = telling.write_concern()
    people = [{"id": f"p{n}", "role": "sibling", "name": f"Sibling {n}"} for n in range(number_)]
    said = [{**small["statements"][0], "id": f"more{n}"} for n in range(number_)]
    return {"people": small["people"] + people, "statements": small["statements"] + said}


def people_come(number_: int) -> None:
    """So many new members of the school's team, and as many who wait to be admitted to it: rows alone."""
    school, team = Agency.objects.get(id=cast.agency("hillside")), Team.objects.get(id=cast.team("hillside"))
    now, secret, signing = timezone.now(), vault.make_secret_key(), vault.make_signing_key()
    today = timezone.localdate()
    for place in range(2 * number_):
        person = Person.objects.create(
            agency=school, name="Noor", email=f"{uuid.uuid4()}@example.org", engagement="EMPLOYEE",
            valid_from=today, made_at=now,
        )  # fmt: skip
        PersonKeys.objects.create(
            person=person, encryption_public=secret.public().raw, verifying_public=signing.verifying().raw,
            pins=b"", made_at=now, confirmed_at=now,
        )  # fmt: skip
        if place % 2:
            Membership.objects.create(
                team=team, person=person, role="practitioner", admitted_by_id=cast.person("grace").person_id,
                admitted_at=now,
            )  # fmt: skip
            continue
        Invitation.objects.create(
            secret_hash=uuid.uuid4().bytes * 2, person=person, team=team, role="practitioner", made_at=now,
            expires_at=now + timedelta(days=1), confirmed_at=now,
        )  # fmt: skip
