"""Documents: sealed chunk by chunk as they arrive, listed in a signed version, verified whole before a byte leaves."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

import vault
from accounts import keyring
from accounts.errors import not_allowed
from accounts.keyring import Keyholder
from audit import events, log
from exchange import access, errors, filetypes, opening, rules, sealing, store
from exchange.bodies import Concern, DocumentDescription, SharedDocument
from exchange.models import Document, DocumentHolding, Record
from exchange.sealing import Draft
from vault import labels


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """A file on its way in: what its sender calls it and says it is, and its bytes in chunks."""

    name: str
    type: str
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Added:
    """A document that is now part of a concern."""

    ref: str
    document: str
    version: int


@dataclass(frozen=True, slots=True, repr=False)
class OpenDocument:
    """A document whose every byte has verified: its name, type, size, and plaintext in chunks."""

    description: DocumentDescription
    chunks: Iterator[bytes]


def add_document(ref: str, upload: Upload, *, by: Keyholder) -> Added:
    """Seal a file into a concern, as its next signed version. Nothing is left behind when any of it fails.

    Raises `NotThere`, `NotAllowed`, `StepUpNeeded`, `Unacceptable` (not what it says it is), `TooLarge`, `StoreDown`.
    """
    keyring.signing_key(by)
    with transaction.atomic():
        _permit(ref, by=by)
    document_id, key = uuid.uuid4(), vault.make_content_key()
    try:
        sealed_size, description = _keep(document_id, upload, key=key, by=by)
    except (store.Unreachable, FileExistsError):
        raise errors.store_down(by, ref) from None
    try:
        return _attach(ref, document_id, sealed_size, description, key=key, by=by)
    except BaseException:
        store.forget(str(document_id))
        raise


def open_document(ref: str, document_id: str, *, by: Keyholder) -> OpenDocument:
    """A document of a record this person may open; logged before it is decrypted.

    Raises `NotThere`; before any byte is released, `CannotOpen` when the stored file is gone or was altered, and
    `StoreDown` when it cannot be had just now.
    """
    with transaction.atomic(durable=True):
        record = access.access_record(ref, by=by)
        holding = _find_holding(record, document_id, by=by)
        wrap = sealing.find_wrap(record, by=by)
        log.append(
            events.DOCUMENT_OPENED,
            by=keyring.act_for(str(wrap.grant.team_id or ""), by=by),
            records=(record.ref,),
            parties=(f"agency:{record.owner.agency_id}",),
            detail=str(holding.document_id),
        )
    record_key = sealing.unwrap(record, wrap, by=by)
    version = sealing.open_version(record, key=record_key, by=by)
    try:
        key, description = _open_holding(record, holding, key=record_key)
        _check_vouched(description, str(holding.document_id), version.documents)
        _check_content(holding.document_id, description, key=key)
        return OpenDocument(description, _open_stream(holding.document_id, key))
    except store.Unreachable:
        raise errors.store_down(by, ref) from None
    except (vault.VaultError, OSError, ValueError):  # msgspec's errors are ValueErrors
        raise errors.cannot_open(by, ref) from None


def list_documents(
    record: Record, *, key: vault.ContentKey, vouched: Mapping[str, str], by: Keyholder
) -> Sequence[SharedDocument]:
    """The documents the signed manifest vouches for, by name. Raises `CannotOpen` when one is missing or altered."""
    holdings = {str(h.document_id): h for h in record.holdings.order_by("pk")}
    try:
        # A holding that no signature vouches for is as if it were not there: added later, or by no author of ours.
        return [_describe(record, holdings[name], vouched, key=key) for name in sorted(vouched)]
    except (KeyError, vault.VaultError, msgspec.MsgspecError):
        raise errors.cannot_open(by, record.ref) from None


def hold_again(
    documents: Sequence[str],
    *,
    source: Record,
    source_key: vault.ContentKey,
    target: Record,
    target_key: vault.ContentKey,
) -> None:
    """Let `target` hold some of `source`'s documents: their keys and names sealed anew under the target's key."""
    for holding in source.holdings.filter(document_id__in=documents).order_by("pk"):
        key, description = _open_holding(source, holding, key=source_key)
        _hold(target, holding.document_id, key, description, record_key=target_key)


def _permit(ref: str, *, by: Keyholder) -> Record:
    """The concern, if this person may add to it."""
    record = access.access_record(ref, by=by, kind="concern")
    if not rules.may_amend(by, record):
        raise not_allowed(by, "Only the team that owns this concern can add a document to it.", records=(ref,))
    return record


def _keep(
    document_id: uuid.UUID, upload: Upload, *, key: vault.ContentKey, by: Keyholder
) -> tuple[int, DocumentDescription]:
    counted = _Counted(filetypes.checked(_limit(upload.chunks, by=by), claimed=upload.type, by=by))
    context, name = vault.bind(labels.DOCUMENT_BODY, str(document_id)), str(document_id)
    sealed_size = store.keep(name, vault.seal_stream(counted, under=key, context=context))
    try:
        # Reading it back proves that what is stored opens, before anyone is told that it is safe.
        blind = vault.make_blind()
        commitment = vault.commit_stream(labels.PART_COMMITMENT, blind, _open_stream(document_id, key))
    except BaseException:
        store.forget(name)
        raise
    description = DocumentDescription(
        name=upload.name,
        type=upload.type,
        size=counted.size,
        blind=blind.hex(),
        commitment=commitment.hex(),
    )
    return sealed_size, description


def _attach(
    ref: str,
    document_id: uuid.UUID,
    sealed_size: int,
    description: DocumentDescription,
    *,
    key: vault.ContentKey,
    by: Keyholder,
) -> Added:
    with transaction.atomic():
        record = _permit(ref, by=by)  # again: an upload takes as long as it takes
        by = keyring.act_for(str(record.owner_id), by=by)
        record_key, current = opening.read_record(record, by=by)
        body = sealing.decode(current, Concern, by=by, ref=ref)
        Document.objects.create(
            id=document_id, sealed_size=sealed_size, made_by_id=by.person_id, made_at=timezone.now()
        )
        _hold(record, document_id, key, description, record_key=record_key)
        vouched = {**current.documents, str(document_id): description.commitment}
        draft = Draft("concern", record.owner, record.urgency, documents=vouched)
        version = sealing.seal_version(record, body, draft, key=record_key, by=by)
        log.append(events.DOCUMENT_ADDED, by=by, records=(ref,), detail=str(document_id))
        return Added(ref, str(document_id), version.number)


def _hold(
    record: Record,
    document_id: uuid.UUID,
    key: vault.ContentKey,
    description: DocumentDescription,
    *,
    record_key: vault.ContentKey,
) -> None:
    place = (str(record.id), str(document_id))
    DocumentHolding.objects.create(
        record=record,
        document_id=document_id,
        sealed_key=vault.seal_secret(key, under=record_key, context=vault.bind(labels.DOCUMENT_KEY, *place)),
        sealed_description=vault.seal_body(
            msgspec.json.encode(description), under=record_key, context=vault.bind(labels.DOCUMENT_NAME, *place)
        ),
    )


def _open_holding(
    record: Record, holding: DocumentHolding, *, key: vault.ContentKey
) -> tuple[vault.ContentKey, DocumentDescription]:
    place = (str(record.id), str(holding.document_id))
    document_key = vault.open_content_key(
        bytes(holding.sealed_key), under=key, context=vault.bind(labels.DOCUMENT_KEY, *place)
    )
    description = vault.open_body(
        bytes(holding.sealed_description), under=key, context=vault.bind(labels.DOCUMENT_NAME, *place)
    )
    return document_key, msgspec.json.decode(description, type=DocumentDescription)


def _describe(
    record: Record, holding: DocumentHolding, vouched: Mapping[str, str], *, key: vault.ContentKey
) -> SharedDocument:
    _, description = _open_holding(record, holding, key=key)
    _check_vouched(description, str(holding.document_id), vouched)
    return SharedDocument(
        id=str(holding.document_id), name=description.name, type=description.type, size=description.size
    )


def _check_vouched(description: DocumentDescription, document_id: str, vouched: Mapping[str, str]) -> None:
    if vouched.get(document_id) != description.commitment:
        raise vault.SignatureInvalid("This is not the document that was signed for.")


def _check_content(document_id: uuid.UUID, description: DocumentDescription, *, key: vault.ContentKey) -> None:
    """Raise unless the stored file is, byte by byte, what its author signed for, and of a kind and size that is true.

    The key alone proves little: whoever may read the record holds what its documents' keys are sealed under.
    """
    counted = _Counted(_open_stream(document_id, key))
    commitment = vault.commit_stream(labels.PART_COMMITMENT, bytes.fromhex(description.blind), counted)
    if (commitment.hex(), counted.size) != (description.commitment, description.size):
        raise vault.SignatureInvalid("This file is not the one that was signed for.")
    if description.type not in filetypes.KINDS:
        raise vault.MalformedInput("This is no kind of file that is taken.")


def _find_holding(record: Record, document_id: str, *, by: Keyholder) -> DocumentHolding:
    try:
        wanted = uuid.UUID(document_id)
    except ValueError:
        raise access.refused(by, record.ref) from None
    holding = record.holdings.select_related("document").filter(document_id=wanted).first()
    if holding is None:
        raise access.refused(by, record.ref)
    return holding


def _open_stream(document_id: uuid.UUID, key: vault.ContentKey) -> Iterator[bytes]:
    context = vault.bind(labels.DOCUMENT_BODY, str(document_id))
    return vault.open_stream(lambda: store.read(str(document_id)), under=key, context=context)


def _limit(chunks: Iterable[bytes], *, by: Keyholder) -> Iterator[bytes]:
    """The chunks, refused past the limit the settings name."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > settings.CONFER_DOCUMENT_LIMIT:
            raise errors.too_large(by, settings.CONFER_DOCUMENT_LIMIT)
        yield chunk


class _Counted:
    """Chunks counted as they pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk
