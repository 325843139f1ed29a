"""Opening: the entry is committed first, then the key is unwrapped, everything verified, and only then released."""

from django.db import transaction

import vault
from accounts import keyring
from accounts.keyring import Keyholder
from audit import events, log
from exchange import access, errors, refusals, sealing
from exchange.models import Record
from exchange.sealing import Opening


def open_record(ref: str, *, by: Keyholder, kind: str) -> tuple[Record, vault.ContentKey, Opening]:
    """Load, permit, log, unlock, verify. Raises `NotThere`, or `CannotOpen` (logged as a failed opening).

    The entry commits before anything is decrypted, so it means "may have seen"; a failure adds its own entry.
    """
    with transaction.atomic(durable=True):
        record = access.access_record(ref, by=by, kind=kind)
        wrap = sealing.find_wrap(record, by=by)
        reader = keyring.act_for(str(wrap.grant.team_id or ""), by=by)
        log.append(
            events.RECORD_OPENED,
            by=reader,
            records=(record.ref,),
            parties=(f"agency:{record.owner.agency_id}",),
        )
    try:
        key = sealing.unwrap(record, wrap, by=by)
        return record, key, sealing.open_version(record, key=key, by=by)
    except errors.CannotOpen as failure:
        refusals.record_failure(failure, by=reader)
        raise


def read_record(record: Record, *, by: Keyholder) -> tuple[vault.ContentKey, Opening]:
    """Read a record inside an act that writes its own entry about it (a decision reads its concern)."""
    key = sealing.unlock(record, by=by)
    return key, sealing.open_version(record, key=key, by=by)
