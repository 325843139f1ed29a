"""Rows of the exchange: clear envelopes and sealed bodies; constraints, no behaviour."""

from exchange.models.document import Document, DocumentHolding
from exchange.models.grant import Grant, KeyWrap, StandingInstruction
from exchange.models.notice import Notice
from exchange.models.record import (
    Decision,
    Disclosure,
    Record,
    RecordGroupPermission,
    RecordUserPermission,
    RecordVersion,
)
from exchange.models.request import IdempotencyKey

__all__ = [
    "Decision",
    "Disclosure",
    "Document",
    "DocumentHolding",
    "Grant",
    "IdempotencyKey",
    "KeyWrap",
    "Notice",
    "Record",
    "RecordGroupPermission",
    "RecordUserPermission",
    "RecordVersion",
    "StandingInstruction",
]
