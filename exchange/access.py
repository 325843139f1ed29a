"""Load and permit in one call. "None such" and "not yours" give the same answer, and both are logged."""

import re

from accounts.errors import NotThere, not_there
from accounts.keyring import Keyholder
from audit import events
from exchange import rules
from exchange.models import Record

REF = re.compile(r"[CDSA]-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}")


def access_record(ref: str, *, by: Keyholder, kind: str = "") -> Record:
    """The record, if this person may open it (and it is of this kind). Raises `NotThere`.

    Inside a transaction the row is locked, so that a grant cannot be taken back between permitting and acting.
    """
    if not REF.fullmatch(ref):
        raise refused(by)
    found = Record.objects.select_related("owner__agency", "author").select_for_update(of=("self",)).filter(ref=ref)
    record = found.filter(kind=kind).first() if kind else found.first()
    if record is None or not rules.may_open(by, record):
        raise refused(by, ref)
    return record


def refused(by: Keyholder, ref: str = "") -> NotThere:
    """The one refusal of a record."""
    return not_there(by, records=(ref,) if ref else (), event=events.RECORD_OPEN_REFUSED)
