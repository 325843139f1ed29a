"""With every check of a permission patched to yes, a stranger still gets no sealed byte: keys are the permission."""

import inspect
import sys
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import guardian.backends
import guardian.core
import guardian.shortcuts
import pytest
from django.contrib.auth.models import Permission
from django.urls import URLPattern

import accounts.rules
import exchange.access
import exchange.rules
from accounts.models import Person, Team
from audit.models import Entry
from exchange.models import Grant, Record, RecordUserPermission
from tests import cast
from tests.house.addresses import find_api_patterns, spell_address
from tests.house.doors import Inside
from tests.house.story import Teller
from tests.house.words import Words
from tests.running.databases import Database

STRANGER = "stan"
# What a list or a refusal may say of a record; nothing else of it may reach a stranger, whatever the rules say.
ENVELOPE = {
    "ref", "concern", "ending", "state", "urgency", "purpose", "from_team", "from_agency", "to", "channel", "sent_at",
    "signed_at", "acknowledge_by", "acknowledged_at", "answered_at", "expires_at", "ended_at", "review_on",
    "complete_by", "completed_at", "disclosures", "results", "next",
}  # fmt: skip


class Yes:
    """Every predicate and query of permission says yes. ``asked`` counts how often each was."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Patch them all, wherever they were imported to."""
        self.patch, self.asked = patch, Counter[str]()
        self.put(guardian.shortcuts, "get_objects_for_user", self._all_of)
        for owner in (guardian.backends.ObjectPermissionBackend, guardian.core.ObjectPermissionChecker, Person):
            patch.setattr(owner, "has_perm", self.say("has_perm", value=True))
        for module in (accounts.rules, exchange.rules):
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == module.__name__:
                    self.put(module, name, self.answer_for(module, name, function))

    def answer_for(self, module: ModuleType, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of the same name that says yes in the way its answer is given."""
        full = f"{module.__name__}.{name}"
        told = inspect.get_annotations(function, eval_str=True).get("return")
        if told is bool:
            # `is_known` says that an address is taken: yes would be a refusal.
            return self.say(full, value=name != "is_known")
        if name in {"openable", "granted_to"}:
            return self.say(full, make=lambda *_, **__: Record.objects.all())
        if name == "team_ids":
            return self.say(full, make=lambda *_: tuple(map(str, Team.objects.values_list("pk", flat=True))))
        if name == "audits":
            offices = Team.objects.exclude(kind="desk")
            return self.say(full, make=lambda *_: tuple(map(str, offices.values_list("pk", flat=True))))
        if name == "find_admitting":
            return self.say(full, make=admit_everywhere)
        assert name == "live_memberships", f"{full} decides something: say here how it says yes"
        return function

    def say(self, name: str, *, value: object = None, make: Callable[..., Any] | None = None) -> Callable[..., Any]:
        """Count the asking and give the answer."""

        def answer(*args: object, **kwargs: object) -> Any:
            self.asked[name] += 1
            return make(*args, **kwargs) if make else value

        return answer

    def put(self, module: ModuleType, name: str, function: Callable[..., Any]) -> None:
        """Replace a function in its module and in every module that took it by name."""
        original = getattr(module, name)
        for other in list(sys.modules.values()):
            if getattr(other, "__dict__", {}).get(name) is original:
                self.patch.setattr(other, name, function)

    def _all_of(self, *_: object, klass: Any = Record, **__: object) -> Any:
        self.asked["get_objects_for_user"] += 1
        return klass.objects.all()


def test_with_every_check_saying_yes_a_stranger_opens_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    cast.person(STRANGER).bearer  # noqa: B018 - signed in while the rules still hold
    yes = Yes(monkeypatch)

    for _, path in told.openings:
        refused = door.ask(STRANGER, "GET", path)
        assert refused.status == 404, (path, refused.content)
        assert not words.are_in(refused.content)
    assert yes.asked["exchange.rules.may_open"] >= len(told.openings)  # it was not the rules that refused
    assert Entry.objects.filter(person=cast.person(STRANGER).person_id, event="record:opened").count() == 0

    for who, path in told.openings:  # and to those who hold a key, the same house still opens
        opened = door.ask(who, "GET", path)
        assert (opened.status, words.are_in(opened.content)) == (200, True), (path, opened.content[:300])


def test_with_every_check_saying_yes_no_address_gives_a_stranger_content(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    cast.person(STRANGER).bearer  # noqa: B018 - as above
    Yes(monkeypatch)
    addresses = {
        address
        for pattern in find_api_patterns()
        if not is_for_oneself(pattern)
        for ref in told.refs
        for address in spell_address(pattern, ref=ref, document=told.document)
    }
    answers = {
        (method, address): door.ask(STRANGER, method, address, body)
        for address in sorted(addresses)
        for method, body in (("GET", None), ("POST", {"text": "x"}), ("PUT", {}))
    }
    assert len(answers) > 300
    assert not [asked for asked, answer in answers.items() if words.are_in(answer.content)]
    assert not [asked for asked, answer in answers.items() if answer.status >= 500]


def test_with_every_check_saying_yes_lists_give_envelopes_at_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    cast.person(STRANGER).bearer  # noqa: B018 - as above
    monkeypatch.undo()
    yes = Yes(monkeypatch)
    shown: set[str] = set()
    for path in ("decisions", "inbox", "sent", f"disclosures/{told.to_mash}/answers"):
        listed = door.ask(STRANGER, "GET", path)
        assert listed.status == 200
        assert not words.are_in(listed.content)
        shown |= set(find_names(listed.json()))
    assert shown <= ENVELOPE, shown - ENVELOPE
    assert told.decision.encode() in door.ask(STRANGER, "GET", "decisions").content  # so the patch does reach the lists
    assert yes.asked["exchange.rules.openable"] > 0


def test_a_permission_row_without_a_key_opens_nothing(database: Database) -> None:
    """The same through the database: guardian's row and a grant, written by someone with write access."""
    door, words = Inside(), Words()
    told = Teller(door, words).tell()
    stan = Person.objects.get(pk=cast.person(STRANGER).person_id)
    for record in Record.objects.all():
        RecordUserPermission.objects.create(user=stan, content_object=record, permission=permission())
        Grant.objects.create(record=record, person=stan, given_by=stan, given_at=record.made_at)
    inbox = door.ask(STRANGER, "GET", "inbox?limit=100")
    assert told.to_mash.encode() in inbox.content
    for _, path in told.openings:
        refused = door.ask(STRANGER, "GET", path)
        assert (refused.status, words.are_in(refused.content)) == (404, False), (path, refused.content)


def test_a_reason_stays_sealed_to_its_office_whatever_the_rules_say(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, words = Inside(), Words()
    Teller(door, words).tell()
    entries = Entry.objects.filter(why_commitment__isnull=False)
    assert words.are_in(door.ask("audrey", "GET", f"log/entries/{entries.first().pk}/why").content)  # type: ignore[union-attr]
    cast.person(STRANGER).bearer  # noqa: B018 - as above
    Yes(monkeypatch)
    for entry in entries:
        refused = door.ask(STRANGER, "GET", f"log/entries/{entry.pk}/why")
        assert (refused.status, words.are_in(refused.content)) == (404, False)


def admit_everywhere(*_: object) -> accounts.rules.Admitting:
    """Every team and agency there is."""
    teams = frozenset(Team.objects.values_list("pk", flat=True))
    agencies = frozenset(Team.objects.values_list("agency_id", flat=True))
    return accounts.rules.Admitting(led=teams, led_in=agencies, holds_root=True, without_lead=teams)


def is_for_oneself(pattern: URLPattern) -> bool:
    """Signing out would end what the test asks with."""
    return str(pattern.pattern) in {"session", "session/step-up"}


def find_names(value: object) -> list[str]:
    """Every key in some JSON."""
    if isinstance(value, dict):
        return [*value, *(name for part in value.values() for name in find_names(part))]
    return [name for part in value for name in find_names(part)] if isinstance(value, list) else []


def permission() -> Permission:
    """Guardian's permission to open."""
    return Permission.objects.get(codename="record:open", content_type__app_label="exchange")
