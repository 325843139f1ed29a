"""The one way into the log. An entry is written in the transaction of the act it tells of, or not at all."""

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from audit import errors, grammar, models, whys
from audit.errors import Actor, Refused
from audit.whys import Office, Why
from audit.whys import open_why as read_why

__all__ = ["Actor", "Office", "Refused", "Why", "append", "append_refusal", "count_stranger", "read_why"]

REFUSAL_CEILING: Final = 60  # entries for each person and minute; what goes beyond is counted
_NONCE_SIZE: Final = 16
_MINUTE: Final = dt.timedelta(minutes=1)


def append(
    event: str,
    *,
    by: Actor | None,
    records: Sequence[str] = (),
    parties: Sequence[str] = (),
    outcome: str = grammar.DONE,
    detail: str = "",
    why: Why | None = None,
    request: str = "",
) -> models.Entry:
    """Append one entry inside the caller's transaction and return its row.

    `records` are references, `parties` look like `team:<uuid>`, `detail` is a code, number or digest; repeats are
    dropped. The why is sealed to its offices and committed to. Raises NotInTransaction outside `transaction.atomic`,
    EntryMalformed when anything breaks its grammar. The entry gets its number later, from `numbering`.
    """
    if not connection.in_atomic_block:
        raise errors.NotInTransaction("An entry is appended inside the transaction of the act it tells of.")
    grammar.check_event(event)
    grammar.check_outcome(outcome)
    grammar.check_detail(detail)
    grammar.check_request(request)
    entry = models.Entry(at=timezone.now(), event=event, outcome=outcome, detail=detail, request=request)
    if by is not None:
        grammar.check_actor(by.person_id, by.team_id, by.agency_id)
        entry.person, entry.team, entry.agency = by.person_id, by.team_id, by.agency_id
    settled_records, settled_parties = grammar.settle_records(records), grammar.settle_parties(parties)
    entry.records, entry.parties = write_list(settled_records), write_list(settled_parties)
    entry.nonce = secrets.token_bytes(_NONCE_SIZE)
    reasons: list[whys.SealedReason] = []
    if why is not None:
        entry.why_commitment, reasons = whys.seal_why(why, entry.nonce)
    entry.save(force_insert=True)
    _index(entry, settled_records, list_indexed_parties(settled_parties, entry.agency))
    _keep(entry, reasons)
    return entry


def append_refusal(refused: Refused, *, request: str = "") -> models.Entry | None:
    """Append the entry a refused act carries, in a transaction of its own, after the act has rolled back.

    Beyond 60 refusals a minute by one person, and for strangers, the refusal is counted instead and None returned.
    Raises RuntimeError inside a transaction: the entry would roll back with it.
    """
    if refused.by is None:
        count_stranger(refused.event)
        return None
    with transaction.atomic(durable=True):
        recent = models.Entry.objects.filter(
            person=refused.by.person_id, at__gt=timezone.now() - _MINUTE, outcome=grammar.REFUSED
        )
        if recent[:REFUSAL_CEILING].count() < REFUSAL_CEILING:
            return append(
                refused.event,
                by=refused.by,
                records=refused.records,
                parties=refused.parties,
                outcome=grammar.REFUSED,
                detail=refused.detail,
                request=request,
            )
        _count(refused.event, refused.by.person_id, refused.by.team_id, refused.by.agency_id)
        return None


def count_stranger(kind: str) -> None:
    """Count one anonymous refusal of this kind (a code) in the present minute, after the act has rolled back."""
    _count(kind, "", "", "")


def write_list(values: Sequence[str]) -> str:
    """Return the list as the canonical JSON text that rows keep. Its grammars are ASCII, so plain JSON is RFC 8785."""
    return json.dumps(list(values), separators=(",", ":"))


def list_indexed_parties(parties: Sequence[str], agency: str) -> list[str]:
    """Return the parties an entry is indexed under: its own, and the agency that acted."""
    return list(dict.fromkeys([*parties, *([f"agency:{agency}"] if agency else [])]))


def _index(entry: models.Entry, records: Sequence[str], parties: Sequence[str]) -> None:
    models.EntryRecord.objects.bulk_create(
        models.EntryRecord(entry=entry, record=record, at=entry.at) for record in records
    )
    models.EntryParty.objects.bulk_create(models.EntryParty(entry=entry, party=party, at=entry.at) for party in parties)


def _keep(entry: models.Entry, reasons: Sequence[whys.SealedReason]) -> None:
    models.SealedWhy.objects.bulk_create(
        models.SealedWhy(
            entry=entry,
            office=reason.office,
            office_epoch=reason.office_epoch,
            wrapped=reason.wrapped,
            sealed=reason.sealed,
        )
        for reason in reasons
    )


def _count(kind: str, person: str, team: str, agency: str) -> None:
    grammar.check_kind(kind)
    minute = connection.ops.adapt_datetimefield_value(timezone.now().replace(second=0, microsecond=0))
    # One statement, so that two refusals at once are two: the same upsert on both databases.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_refusalcount (minute, kind, person, team, agency, count, logged)"
            " VALUES (%s, %s, %s, %s, %s, 1, 0)"
            " ON CONFLICT (minute, kind, person) DO UPDATE SET count = audit_refusalcount.count + 1",
            [minute, kind, person, team, agency],
        )
