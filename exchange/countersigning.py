"""The second signature on a decision: given over the first signed manifest, verified at every opening."""

import uuid

import msgspec
from django.utils import timezone

import vault
from accounts import keyring, statements
from accounts.errors import KeyRefused
from accounts.keyring import Keyholder
from exchange import errors
from exchange.models import Decision
from vault import labels


class Countersignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stored second signature: whose key statement (its digest), and the signature in hex."""

    statement: str
    signature: str


def sign(decision: Decision, *, by: Keyholder) -> None:
    """Give the second signature and store it; in the caller's transaction. Raises `StepUpNeeded`."""
    message = _make_message(decision, by.statement)
    signature = vault.sign(keyring.signing_key(by), label=labels.COUNTERSIGNATURE, message=message)
    decision.countersignature = msgspec.json.encode(Countersignature(by.statement, signature.hex()))
    decision.state = Decision.SIGNED
    decision.countersigned_by_id, decision.countersigned_at = uuid.UUID(by.person_id), timezone.now()
    decision.save()


def check(decision: Decision, *, author_id: str, by: Keyholder) -> None:
    """Raise `CannotOpen` when the stored second signature is not its signer's, as for a first that does not verify.

    The signer must be a lead of the deciding agency, and not the author, who signed first.
    """
    if decision.countersignature is None:
        return
    try:
        held = msgspec.json.decode(bytes(decision.countersignature), type=Countersignature)
        signer = statements.trusted_statement(held.statement, by=by).statement
        if signer.subject != f"person:{decision.countersigned_by_id}":
            raise vault.SignatureInvalid("The second signature is someone else's.")
        _refuse_signer(signer, decision, author_id=author_id)
        vault.verify(
            signer.verifying_key(),
            label=labels.COUNTERSIGNATURE,
            message=_make_message(decision, held.statement),
            signature=bytes.fromhex(held.signature),
        )
    except (vault.VaultError, KeyRefused, msgspec.MsgspecError, ValueError):
        raise errors.cannot_open(by, decision.record.ref) from None


def _refuse_signer(signer: statements.Statement, decision: Decision, *, author_id: str) -> None:
    leads_there = signer.role in statements.VOUCHING and signer.agency == str(decision.record.owner.agency_id)
    if not leads_there or signer.subject == f"person:{author_id}":
        raise vault.SignatureInvalid("The second signature is no other lead's of that agency.")


def _make_message(decision: Decision, statement: str) -> bytes:
    """What the second signer signs: the first signed manifest, and whose key signs."""
    first = decision.record.versions.order_by("number").first()
    manifest = bytes(first.manifest) if first else b""
    return vault.canonical({"manifest": manifest.decode(), "statement": statement})
