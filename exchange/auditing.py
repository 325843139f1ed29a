"""The auditor's desk: may this person ask, log the asking, and put names to ids. Nothing else reads the log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

import vault
from accounts import agencies, keyring, offices, people, rules, teams
from accounts.errors import not_acceptable, not_allowed, not_there
from accounts.keyring import Keyholder
from accounts.models import Team
from audit import errors as audit_errors
from audit import events, grammar, log, queries, verifying
from audit.queries import LoggedEntry
from exchange import access, errors

RECORD = re.compile(rf"{access.REF.pattern}|key:(?:person|team):[0-9a-f-]{{36}}")


@dataclass(frozen=True, slots=True)
class Question:
    """What an auditor asks. Empty fields do not narrow; `cursor` continues an earlier page."""

    person: str = ""
    record: str = ""
    agency: str = ""
    party: str = ""
    event: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Named:
    """An id and what the directory calls it ("" when it no longer says)."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """An entry's place in one record's own gap-free series."""

    record: str
    number: int


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry as an auditor reads it: who, what, when, to whom, on which records; whether a why is held."""

    id: int
    at: datetime
    person: Named
    team: Named
    agency: Named
    event: str
    outcome: str
    records: Sequence[str]
    parties: Sequence[Named]
    detail: str
    has_why: bool
    index: int | None
    numbers: Sequence[Numbered]


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of entries, newest first, and the cursor of the next."""

    lines: Sequence[EntryLine]
    cursor: str


@dataclass(frozen=True, slots=True)
class State:
    """The newest checkpoint: the log's size, its root (hex), and the signed note."""

    size: int
    root: str
    note: str


def ask(question: Question, *, by: Keyholder) -> Lines:
    """Entries that answer, within what this auditor may see; the asking is itself an entry, and about the record.

    Raises `NotAllowed` for anyone who audits nothing, `NotAcceptable` for a malformed filter.
    """
    with transaction.atomic():
        scope = find_scope(question.agency, by=by)
        if question.record and not RECORD.fullmatch(question.record):
            # The asking is an entry about this record: nothing but a reference may get into it.
            raise not_acceptable(by, "record", "Give a record's reference, such as C-7K2M9-QXP5T.")
        if question.event and question.event not in events.EVENTS:
            raise not_acceptable(by, "event", "There is no such event. The list is in the documentation of events.")
        if question.outcome and question.outcome not in grammar.OUTCOMES:
            raise not_acceptable(by, "outcome", "An outcome is done, refused or failed.")
        try:
            page = queries.find_entries(
                person=question.person or None,
                record=question.record or None,
                agency=scope or None,
                party=question.party or None,
                event=question.event or None,
                outcome=question.outcome or None,
                since=question.since,
                until=question.until,
                cursor=question.cursor or None,
                limit=question.limit,
            )
            log.append(
                events.LOG_ASKED,
                by=by,
                records=(question.record,) if question.record else (),
                parties=(f"agency:{scope}",) if scope else (),
                detail=str(len(page.entries)),
            )
        except (ValueError, OverflowError, audit_errors.AuditError):  # OverflowError: a day before the first
            raise not_acceptable(
                by, "query", "A filter is not of the right form. Check ids, event and dates."
            ) from None
    return Lines(_name(page.entries), page.cursor or "")


def find_scope(agency: str, *, by: Keyholder) -> str:
    """The agency an answer is limited to: "" for the exchange's auditors, their own for an agency's."""
    audited = rules.audits(by.person_id)
    if not audited:
        raise not_allowed(by, "Only an auditor can ask the log.")
    if offices.exchange_office_id() in audited:
        return agency
    own = [str(pk) for pk in Team.objects.filter(id__in=audited).values_list("agency_id", flat=True)]
    if agency and agency not in own:
        raise not_allowed(by, "You audit your own agency. The exchange's auditors can ask about others.")
    return agency or own[0]


def read_why(entry_id: int, *, by: Keyholder) -> str:
    """The reason sealed with an entry, opened with this auditor's office key, and logged.

    Raises `NotAllowed`, `CannotOpen`, and `NotThere` when there is none, or none sealed to their office.
    """
    with transaction.atomic(durable=True):
        scope = find_scope("", by=by)
        entry = queries.find_entry(entry_id, agency=scope or None)
        if entry is None:
            raise not_there(by)
        log.append(events.LOG_WHY_READ, by=by, records=entry.records, detail=str(entry_id))
    audited = rules.audits(by.person_id)
    for sealed in queries.find_sealed_whys(entry_id):
        if sealed.office in audited:
            try:
                secret = keyring.open_team_secret(sealed.office, sealed.office_epoch, by=by)
                return log.read_why(sealed, using=secret)
            except (vault.VaultError, audit_errors.WhyUnreadable):
                raise errors.cannot_open(by, entry.records[0]) from None
    raise not_there(by, records=entry.records)


def find_state() -> State:
    """The log's newest checkpoint, for anyone signed in: the more people hold one, the harder it is to rewrite."""
    state = queries.find_state()
    return State(state.size, state.root.hex(), state.note) if state else State(0, "", "")


def verify(held: Sequence[str], *, by: Keyholder) -> verifying.VerifiedLog:
    """Verify the whole log against the checkpoints this auditor holds. Raises `LogBroken`, naming the place."""
    if not rules.audits(by.person_id):
        raise not_allowed(by, "Only an auditor can have the log verified from here.")
    with transaction.atomic():
        log.append(events.LOG_VERIFIED, by=by, detail=str(len(held)))
    try:
        return verifying.verify_log(held=held)
    except audit_errors.NoteMalformed:
        raise not_acceptable(by, "held", "One of these is not a signed checkpoint. Paste the whole note.") from None


def _name(entries: Sequence[LoggedEntry]) -> list[EntryLine]:
    """Names for every id on the page, in three queries whatever its length."""
    parties = [party.split(":", 1) for entry in entries for party in entry.parties]
    wanted = {
        "person": {e.person for e in entries if e.person} | {i for kind, i in parties if kind == "person"},
        "team": {e.team for e in entries if e.team} | {i for kind, i in parties if kind in ("team", "office")},
        "agency": {e.agency for e in entries if e.agency} | {i for kind, i in parties if kind == "agency"},
    }
    found = {
        **people.names(wanted["person"]),
        **teams.names(wanted["team"]),
        **agencies.names(wanted["agency"]),
    }
    return [_line(entry, found) for entry in entries]


def _line(entry: LoggedEntry, names: dict[str, str]) -> EntryLine:
    return EntryLine(
        id=entry.id,
        at=entry.at,
        person=Named(entry.person, names.get(entry.person, "")),
        team=Named(entry.team, names.get(entry.team, "")),
        agency=Named(entry.agency, names.get(entry.agency, "")),
        event=entry.event,
        outcome=entry.outcome,
        records=entry.records,
        parties=[Named(party, names.get(party.split(":", 1)[1], "")) for party in entry.parties],
        detail=entry.detail,
        has_why=entry.has_why,
        index=entry.index,
        numbers=[Numbered(record, number) for record, number, _ in entry.numbers],
    )
