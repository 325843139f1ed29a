"""An edition: every code in force in one jurisdiction from one day, loaded from one file and checked as a whole."""

import dataclasses
import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, NoReturn

from exchange.guidance import coherence, reading
from exchange.guidance.codes import (
    AgencyKind,
    AgreementStatus,
    Channel,
    Clock,
    Code,
    CodeList,
    Condition,
    Gateway,
    HandlingCondition,
    InformedStatus,
    LawfulBasis,
    NotSharedReason,
    Outcome,
    Purpose,
    RecipientRole,
    TellingException,
)
from exchange.guidance.errors import GuidanceError, UnknownCode
from exchange.guidance.node import Node

EDITIONS: Final = Path(__file__).parent / "editions"
FORMAT: Final = "confer/v1/edition"
NAME_PATTERN: Final = re.compile(r"[a-z]{2,20}(-[a-z0-9]{1,20}){1,4}")
MAX_BYTES: Final = 1_000_000
MAX_REVIEW_DAYS: Final = 366 * 2
MAX_COMPLETION_HOURS: Final = 14 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition. Every list maps a code to what it means: `edition.purposes["STRAT"].label`.

    `starts_on` is the first day the edition applies; `review_within_days` the longest a review may be put off, in days;
    `emergency_complete_within_hours` how soon the record of an emergency share is completed.
    """

    name: str
    title: str
    jurisdiction: str
    starts_on: date
    review_within_days: int
    emergency_complete_within_hours: int
    envelope_words: CodeList[Code]
    recipient_roles: CodeList[RecipientRole]
    purposes: CodeList[Purpose]
    statement_types: CodeList[Code]
    verification_states: CodeList[Code]
    information_categories: CodeList[Code]
    urgencies: CodeList[Code]
    acknowledgement_clocks: CodeList[Clock]
    agreement_statuses: CodeList[AgreementStatus]
    informed_statuses: CodeList[InformedStatus]
    exceptions: CodeList[TellingException]
    lawful_bases: CodeList[LawfulBasis]
    recognised_interests: CodeList[Code]
    special_category_conditions: CodeList[Condition]
    para18_reasons: CodeList[Code]
    gateways: CodeList[Gateway]
    confidence_exits: CodeList[Code]
    outcomes: CodeList[Outcome]
    not_shared_reasons: CodeList[NotSharedReason]
    triggers: CodeList[Code]
    channels: CodeList[Channel]
    handling_conditions: CodeList[HandlingCondition]
    audience_ceilings: CodeList[Code]
    child_voice_absence_reasons: CodeList[Code]
    absence_answers: CodeList[Code]
    identifier_types: CodeList[Code]
    removal_reasons: CodeList[Code]
    recall_reasons: CodeList[Code]
    agency_kinds: CodeList[AgencyKind]
    sectors: CodeList[Code]
    engagement_kinds: CodeList[Code]

    def lists(self) -> dict[str, CodeList[Code]]:
        """Return every list by name, in the order of the file."""
        return {name: getattr(self, name) for name in LIST_NAMES}

    def code_list(self, list_name: str) -> CodeList[Code]:
        """Return one list by its name. Raises UnknownCode, of the list "lists", when there is none of that name."""
        lists = self.lists()
        if list_name not in lists:
            raise UnknownCode("lists", list_name, lists)
        return lists[list_name]

    def code(self, list_name: str, code: str) -> Code:
        """Return one code of one list: `edition.code("channels", "POST")`. Raises UnknownCode naming the list."""
        return self.code_list(list_name)[code]


HEADER: Final = ("name", "title", "jurisdiction", "starts_on", "review_within_days", "emergency_complete_within_hours")
LIST_NAMES: Final = tuple(field.name for field in dataclasses.fields(Edition) if field.name not in HEADER)


def read_edition(text: bytes) -> Edition:
    """Read an edition from the bytes of its file.

    Raises GuidanceError with the place: text that is not UTF-8 JSON, a key unknown, missing or twice, a code twice, a
    value of the wrong kind or out of bounds, a reference to a code that is not there.
    """
    root = Node("", _parse(text))
    parts = root.members(
        "format",
        "edition",
        "title",
        "jurisdiction",
        "starts_on",
        "review_within_days",
        "emergency_complete_within_hours",
        "lists",
    )
    parts["format"].one_of((FORMAT,))
    lists = parts["lists"].members(*LIST_NAMES)
    edition = Edition(
        name=parts["edition"].code(NAME_PATTERN),
        title=parts["title"].text(),
        jurisdiction=parts["jurisdiction"].text(),
        starts_on=parts["starts_on"].day(),
        review_within_days=parts["review_within_days"].number(1, MAX_REVIEW_DAYS),
        emergency_complete_within_hours=parts["emergency_complete_within_hours"].number(1, MAX_COMPLETION_HOURS),
        envelope_words=reading.read_list(lists["envelope_words"], reading.read_envelope_word),
        recipient_roles=reading.read_list(lists["recipient_roles"], reading.read_role),
        purposes=reading.read_list(lists["purposes"], reading.read_purpose),
        statement_types=reading.read_list(lists["statement_types"], reading.read_code),
        verification_states=reading.read_list(lists["verification_states"], reading.read_code),
        information_categories=reading.read_list(lists["information_categories"], reading.read_code),
        urgencies=reading.read_list(lists["urgencies"], reading.read_code),
        acknowledgement_clocks=reading.read_list(lists["acknowledgement_clocks"], reading.read_clock),
        agreement_statuses=reading.read_list(lists["agreement_statuses"], reading.read_agreement),
        informed_statuses=reading.read_list(lists["informed_statuses"], reading.read_informed),
        exceptions=reading.read_list(lists["exceptions"], reading.read_exception),
        lawful_bases=reading.read_list(lists["lawful_bases"], reading.read_basis),
        recognised_interests=reading.read_list(lists["recognised_interests"], reading.read_code),
        special_category_conditions=reading.read_list(lists["special_category_conditions"], reading.read_condition),
        para18_reasons=reading.read_list(lists["para18_reasons"], reading.read_code),
        gateways=reading.read_list(lists["gateways"], reading.read_gateway),
        confidence_exits=reading.read_list(lists["confidence_exits"], reading.read_code),
        outcomes=reading.read_list(lists["outcomes"], reading.read_outcome),
        not_shared_reasons=reading.read_list(lists["not_shared_reasons"], reading.read_not_shared),
        triggers=reading.read_list(lists["triggers"], reading.read_code),
        channels=reading.read_list(lists["channels"], reading.read_channel),
        handling_conditions=reading.read_list(lists["handling_conditions"], reading.read_handling),
        audience_ceilings=reading.read_list(lists["audience_ceilings"], reading.read_code),
        child_voice_absence_reasons=reading.read_list(lists["child_voice_absence_reasons"], reading.read_code),
        absence_answers=reading.read_list(lists["absence_answers"], reading.read_code),
        identifier_types=reading.read_list(lists["identifier_types"], reading.read_code),
        removal_reasons=reading.read_list(lists["removal_reasons"], reading.read_code),
        recall_reasons=reading.read_list(lists["recall_reasons"], reading.read_code),
        agency_kinds=reading.read_list(lists["agency_kinds"], reading.read_agency_kind),
        sectors=reading.read_list(lists["sectors"], reading.read_code),
        engagement_kinds=reading.read_list(lists["engagement_kinds"], reading.read_code),
    )
    coherence.check_references(edition.purposes, edition.recipient_roles, edition.envelope_words)
    coherence.check_envelope_secrecy(edition.purposes)
    coherence.check_clocks(edition.urgencies, edition.acknowledgement_clocks)
    return edition


@cache
def load_edition(name: str) -> Edition:
    """Load the edition of that name ("england-2026") from the editions folder. Errors as `read_edition`."""
    # Checked before it becomes part of a path, so that no name can reach outside the folder.
    if not NAME_PATTERN.fullmatch(name) or name not in edition_names():
        raise UnknownCode("editions", name, edition_names())
    edition = read_edition((EDITIONS / f"{name}.json").read_bytes())
    if edition.name != name:
        raise GuidanceError("edition", f"{edition.name} stands in the file {name}.json.", "Give both the same name.")
    return edition


def edition_names() -> tuple[str, ...]:
    """Return the names of the editions in the folder, in alphabetical order."""
    return tuple(sorted(path.stem for path in EDITIONS.glob("*.json")))


def current_edition(on: date, *, jurisdiction: str = "England") -> Edition:
    """Return the edition that applies on that day: the one that started last. Raises GuidanceError when none has."""
    every = [load_edition(name) for name in edition_names()]
    return choose_edition([one for one in every if one.jurisdiction == jurisdiction], on)


def choose_edition(editions: list[Edition], on: date) -> Edition:
    """Return the one that started last by that day. Two that start on the same day are refused: neither rules."""
    started = sorted((one for one in editions if one.starts_on <= on), key=lambda one: one.starts_on)
    if not started:
        raise GuidanceError("starts_on", f"no edition applies on {on.isoformat()}.", "Add one that starts by then.")
    if len(started) > 1 and started[-1].starts_on == started[-2].starts_on:
        rivals = f"{started[-2].name} and {started[-1].name}"
        raise GuidanceError("starts_on", f"{rivals} start on the same day.", "Give each edition its own first day.")
    return started[-1]


def _parse(text: bytes) -> object:
    if len(text) > MAX_BYTES:
        raise GuidanceError("file", f"{len(text)} bytes.", f"Keep an edition to {MAX_BYTES}.")
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_refuse_twice,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise GuidanceError("file", "this is not JSON in UTF-8.", "Check the file with a JSON editor.") from error


def _refuse_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # The json module silently keeps the last of two equal keys, and the reviewer of the file may have read the first.
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise GuidanceError("file", f"the key {twice!r} stands twice in one object.", "Keep one of them.")
    return found


def _refuse_number(spelling: str) -> NoReturn:
    raise GuidanceError("file", f"{spelling} is not a whole number.", "Editions hold whole numbers only.")
