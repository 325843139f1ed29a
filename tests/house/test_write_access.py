"""Someone who can write to every table: what they swap, forge or roll back is refused, and the auditors are told."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

import vault
from accounts import statements
from accounts.models import (
    KeyStatement,
    Membership,
    Person,
    PersonKeys,
    SealedSecrets,
    Session,
    SigninThrottle,
    Team,
    TeamEpoch,
)
from audit import events, latest, log
from audit.models import Entry, EntryRecord
from exchange import sealing
from exchange.bodies import Rendition
from exchange.models import (
    Decision,
    Disclosure,
    DocumentHolding,
    Grant,
    KeyWrap,
    Record,
    RecordGroupPermission,
    RecordVersion,
)
from tests import cast, plugin
from tests.house.alarms import alarmed, count_alarms
from tests.house.doors import Inside
from tests.house.stage import Stage, changed, flip, lend_stage, removed
from tests.house.story import Teller
from tests.house.words import Words
from tests.running.databases import Database
from vault import labels

Tampering = Callable[[Stage], AbstractContextManager[object]]


@pytest.fixture(scope="module")
def stage(run: plugin.Run) -> Iterator[Stage]:
    """The case, told once; every test puts back what it alters."""
    with lend_stage(run) as lent:
        answer = lent.teller.upload(lent.teller.write_document())  # a second document, to be taken for the first
        assert answer.status == 201
        yield lent


@pytest.fixture(autouse=True)
def unblocked(stage: Stage) -> None:
    """What was refused in one test does not throttle the next."""
    SigninThrottle.objects.all().delete()


def record(ref: str) -> Record:
    """The row of a record."""
    return Record.objects.get(ref=ref)


def versions(ref: str) -> Any:
    """The newest version of a record."""
    return RecordVersion.objects.filter(pk=RecordVersion.objects.filter(record__ref=ref).order_by("-number")[0].pk)


def wraps(ref: str, team: str = "mash") -> Any:
    """A record's key as it is wrapped to a team."""
    return KeyWrap.objects.filter(grant__record__ref=ref, grant__team_id=cast.team(team))


def newest(subject: str) -> Any:
    """The newest key statement about somebody."""
    found = KeyStatement.objects.filter(subject=subject).order_by("-epoch")[0]
    return KeyStatement.objects.filter(pk=found.pk)


def copy(source: Any, *names: str) -> dict[str, Any]:
    """Some columns of a row."""
    row = source.get()
    return {name: getattr(row, name) for name in names}


def alter_manifest(ref: str, **values: Any) -> dict[str, Any]:
    """The manifest with other values in it, spelt as it should be."""
    manifest = msgspec.json.decode(bytes(versions(ref).get().manifest))
    return {"manifest": vault.canonical({**manifest, **values})}


@contextmanager
def both(*parts: AbstractContextManager[object]) -> Iterator[None]:
    """Several changes at once."""
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(part)
        yield


# --- What is read: opened by a member of the team it was given to --------------------------------------------------
READING: dict[str, Tampering] = {
    "a key wrapped for another record": lambda s: changed(
        wraps(s.told.to_mash), **copy(wraps(s.told.answer), "wrapped")
    ),
    "an altered wrapped key": lambda s: changed(
        wraps(s.told.to_mash), wrapped=flip(wraps(s.told.to_mash).get().wrapped)
    ),
    "a wrapped key cut short": lambda s: changed(
        wraps(s.told.to_mash), wrapped=bytes(wraps(s.told.to_mash).get().wrapped)[:-1]
    ),
    "another record's version": lambda s: changed(
        versions(s.told.to_mash), **copy(versions(s.told.to_police), "sealed", "manifest", "signature")
    ),
    "another record's version with its key": lambda s: both(
        changed(versions(s.told.to_mash), **copy(versions(s.told.answer), "sealed", "manifest", "signature", "author")),
        changed(wraps(s.told.to_mash), **copy(wraps(s.told.answer), "wrapped")),
    ),
    "another record's signature": lambda s: changed(
        versions(s.told.to_mash), **copy(versions(s.told.to_police), "signature")
    ),
    "no signature": lambda s: changed(versions(s.told.to_mash), signature=b""),
    "half a signature": lambda s: changed(
        versions(s.told.to_mash), signature=bytes(versions(s.told.to_mash).get().signature)[:65]
    ),
    "an altered signature": lambda s: changed(
        versions(s.told.to_mash), signature=flip(versions(s.told.to_mash).get().signature)
    ),
    "an altered body": lambda s: changed(versions(s.told.to_mash), sealed=flip(versions(s.told.to_mash).get().sealed)),
    "a body cut short": lambda s: changed(
        versions(s.told.to_mash), sealed=bytes(versions(s.told.to_mash).get().sealed)[:-16]
    ),
    "no body": lambda s: changed(versions(s.told.to_mash), sealed=b""),
    "a manifest with other recipients": lambda s: changed(
        versions(s.told.to_mash), **alter_manifest(s.told.to_mash, recipients=[])
    ),
    "a manifest with another body's hash": lambda s: changed(
        versions(s.told.to_mash), **alter_manifest(s.told.to_mash, parts={"body": "00" * 32})
    ),
    "a manifest that is none": lambda s: changed(versions(s.told.to_mash), manifest=b"{}"),
    "another author": lambda s: changed(versions(s.told.to_mash), author_id=cast.person("ben").person_id),
    "another version number": lambda s: changed(versions(s.told.to_mash), number=7),
    "another owner": lambda s: changed(Record.objects.filter(ref=s.told.to_mash), owner_id=cast.team("trust")),
    "another decision behind it": lambda s: changed(
        Record.objects.filter(ref=s.told.to_mash), about=record(s.told.refusal)
    ),
    "the author's statement altered": lambda _: changed(
        newest(cast.person("amina").party), body=flip(newest(cast.person("amina").party).get().body, 200)
    ),
    "the author's statement without its signature": lambda _: changed(
        newest(cast.person("amina").party), signature=b"\0" * 64
    ),
    "the statement of who vouched altered": lambda _: changed(
        newest(cast.person("grace").party), signature=flip(newest(cast.person("grace").party).get().signature)
    ),
    "the root altered": lambda _: changed(
        KeyStatement.objects.filter(signer=None), body=flip(KeyStatement.objects.get(signer=None).body, 200)
    ),
}


@pytest.mark.parametrize("name", READING)
def test_an_altered_record_is_refused_and_alarmed(stage: Stage, name: str) -> None:
    with READING[name](stage), alarmed("record:open:failed"):
        answer = stage.door.ask("lena", "GET", f"disclosures/{stage.told.to_mash}")
    assert (answer.status, stage.words.are_in(answer.content)) == (409, False), answer.content
    again = stage.door.ask("lena", "GET", f"disclosures/{stage.told.to_mash}")
    assert (again.status, stage.words.are_in(again.content)) == (200, True)  # it was the alteration that was refused


def test_an_altered_second_signature_is_refused_and_alarmed(stage: Stage) -> None:
    decisions = Decision.objects.filter(record__ref=stage.told.refusal)
    held = msgspec.json.decode(bytes(decisions.get().countersignature or b""))
    altered = msgspec.json.encode({**held, "signature": flip(bytes.fromhex(held["signature"])).hex()})
    stolen = {"countersigned_by_id": cast.person("paul").person_id}
    for values in ({"countersignature": altered}, {"countersignature": b"{}"}, stolen):
        with changed(decisions, **values), alarmed("record:open:failed"):
            answer = stage.door.ask("ben", "GET", f"decisions/{stage.told.refusal}")
        assert (answer.status, stage.words.are_in(answer.content)) == (409, False)


# --- Documents ------------------------------------------------------------------------------------------------------
def holdings(ref: str, document: str) -> Any:
    """How a record holds a document."""
    return DocumentHolding.objects.filter(record__ref=ref, document_id=document)


def other_document(stage: Stage) -> str:
    """The document that was added second, to the concern alone."""
    other = DocumentHolding.objects.filter(record__ref=stage.told.concern).exclude(document_id=stage.told.document)
    return str(other[0].document_id)


def path_of(document: str) -> Path:
    """Where a sealed file rests."""
    return Path(settings.MEDIA_ROOT) / "documents" / document[:2] / document


@contextmanager
def rewritten(document: str, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """A sealed file with other bytes in it."""
    file = path_of(document)
    kept = file.read_bytes()
    file.write_bytes(change(kept))
    try:
        yield
    finally:
        file.write_bytes(kept)


DOCUMENTS: dict[str, Tampering] = {
    "another document's key": lambda s: changed(
        holdings(s.told.concern, s.told.document),
        sealed_key=holdings(s.told.concern, other_document(s)).get().sealed_key,
    ),
    "another document's name": lambda s: changed(
        holdings(s.told.concern, s.told.document),
        sealed_description=holdings(s.told.concern, other_document(s)).get().sealed_description,
    ),
    "another record's holding": lambda s: changed(
        holdings(s.told.concern, s.told.document),
        **copy(holdings(s.told.to_mash, s.told.document), "sealed_key", "sealed_description"),
    ),
    "another document's file": lambda s: rewritten(s.told.document, lambda _: path_of(other_document(s)).read_bytes()),
    "an altered file": lambda s: rewritten(s.told.document, lambda kept: flip(kept, len(kept) // 2)),
    "an altered last byte": lambda s: rewritten(s.told.document, flip),
    "a file cut short": lambda s: rewritten(s.told.document, lambda kept: kept[: 65 * 1024]),
    "a file with something after it": lambda s: rewritten(s.told.document, lambda kept: kept + b"\0"),
    "an empty file": lambda s: rewritten(s.told.document, lambda _: b""),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_altered_document_is_refused_before_its_first_byte_and_alarmed(stage: Stage, name: str) -> None:
    address = f"records/{stage.told.concern}/documents/{stage.told.document}"
    with DOCUMENTS[name](stage), alarmed("record:open:failed"):
        answer = stage.door.ask("ben", "GET", address)
    assert (answer.status, stage.words.are_in(answer.content)) == (409, False), (answer.status, answer.content[:200])
    assert stage.door.ask("ben", "GET", address).status == 200


def test_two_documents_that_change_places_are_refused_and_alarmed(stage: Stage) -> None:
    first, second = (holdings(stage.told.concern, name) for name in (stage.told.document, other_document(stage)))
    swapped = both(
        changed(first, **copy(second, "sealed_key", "sealed_description")),
        changed(second, **copy(first, "sealed_key", "sealed_description")),
    )
    with swapped, alarmed("record:open:failed"):
        answer = stage.door.ask("ben", "GET", f"concerns/{stage.told.concern}")
    assert (answer.status, stage.words.are_in(answer.content)) == (409, False)


# --- What is written: a share, after someone put another key where the recipient's was ------------------------------
class Attacker:
    """Keys of nobody's, and everything that they can sign and insert."""

    def __init__(self) -> None:
        """Make the keys."""
        self.secret, self.signing = vault.make_secret_key(), vault.make_signing_key()

    def draw_up(self, subject: str, **values: Any) -> bytes:
        """A statement that the newest key of this subject is the attacker's own."""
        body = msgspec.json.decode(bytes(newest(subject).get().body))
        body["encryption"] = base64.b64encode(self.secret.public().raw).decode()
        if body["verifying"]:
            body["verifying"] = base64.b64encode(self.signing.verifying().raw).decode()
        return vault.canonical({**body, **values})

    def state(self, body: bytes, *, signing: vault.SigningKey | None = None, signer: str | None = None) -> KeyStatement:
        """Insert it, signed with the attacker's key unless another is given, and an entry that says it was stated."""
        statement = msgspec.json.decode(body, type=statements.Statement)
        row = KeyStatement.objects.create(
            digest=statements.compute_digest(body),
            subject=statement.subject,
            epoch=statement.epoch,
            signer_id=signer,
            body=body,
            signature=vault.sign(signing or self.signing, label=labels.KEY_STATEMENT, message=body),
            made_at=timezone.now(),
        )
        with transaction.atomic():
            log.append(events.KEY_STATED, by=None, records=(f"key:{statement.subject}",), detail=row.digest)
        return row

    def put_team_key(self, team: str, **values: Any) -> list[Any]:
        """The team's next epoch, under the attacker's key; ``signing`` and ``signer`` as in ``state``."""
        signing, signer = values.pop("signing", None), values.get("signer")
        subject = f"team:{cast.team(team)}"
        epoch = newest(subject).get().epoch + 1
        body = self.draw_up(subject, **{"epoch": epoch, "previous": newest(subject).get().digest, **values})
        row = self.state(body, signing=signing, signer=str(signer) if signer else None)
        made = TeamEpoch.objects.create(
            team_id=cast.team(team), epoch=epoch, public=self.secret.public().raw, statement=row, made_at=timezone.now()
        )
        return [made, row]


def refuses_to_share(stage: Stage, **to: str) -> None:
    """Sharing is refused, alarmed, and leaves no wrapped key behind."""
    stage.teller.told.concern = stage.told.concern
    body = stage.teller.decide("share", concern_version=4, shares=[stage.teller.plan(**to)])
    grants, keys = Grant.objects.count(), KeyWrap.objects.count()
    with alarmed("key:refused"):
        answer = stage.door.ask("amina", "POST", "decisions", body)
    assert (answer.status, answer.json()["code"]) == (409, "key_refused"), answer.content
    assert (Grant.objects.count(), KeyWrap.objects.count()) == (grants, keys)


def epochs(team: str) -> Any:
    """The newest epoch's row of a team."""
    return TeamEpoch.objects.filter(pk=TeamEpoch.objects.filter(team_id=cast.team(team)).order_by("-epoch")[0].pk)


ATTACKER_KEY = vault.make_secret_key().public().raw
SWAPPED: dict[str, Tampering] = {
    "the team's key in its epoch's row": lambda _: changed(epochs("caiu"), public=ATTACKER_KEY),
    "the team's statement": lambda _: changed(
        newest(f"team:{cast.team('caiu')}"), body=Attacker().draw_up(f"team:{cast.team('caiu')}")
    ),
    "the signature of the team's statement": lambda _: changed(
        newest(f"team:{cast.team('caiu')}"), signature=flip(newest(f"team:{cast.team('caiu')}").get().signature)
    ),
    "another team's epoch": lambda _: changed(epochs("caiu"), public=epochs("trust").get().public),
    "the subject of another team's statement": lambda _: both(
        changed(newest(f"team:{cast.team('caiu')}"), subject="team:aside"),
        changed(newest(f"team:{cast.team('farleigh')}"), subject=f"team:{cast.team('caiu')}"),
    ),
}


@pytest.mark.parametrize("name", SWAPPED)
def test_a_swapped_team_key_is_refused_and_alarmed(stage: Stage, name: str) -> None:
    with SWAPPED[name](stage):
        refuses_to_share(stage, team=cast.team("caiu"))


@pytest.mark.parametrize("column", ["encryption_public", "verifying_public"])
def test_a_swapped_persons_key_is_refused_and_alarmed(stage: Stage, column: str) -> None:
    other = PersonKeys.objects.get(person_id=cast.person("stan").person_id)
    with changed(
        PersonKeys.objects.filter(person_id=cast.person("hannah").person_id), **{column: getattr(other, column)}
    ):
        refuses_to_share(stage, person=cast.person("hannah").person_id)


def test_a_swapped_persons_statement_is_refused_and_alarmed(stage: Stage) -> None:
    hannah = cast.person("hannah").party
    with changed(newest(hannah), body=Attacker().draw_up(hannah)):
        refuses_to_share(stage, person=cast.person("hannah").person_id)


def test_a_later_key_that_an_attacker_made_for_a_person_is_refused_and_alarmed(stage: Stage) -> None:
    attacker, hannah = Attacker(), Person.objects.get(pk=cast.person("hannah").person_id)
    pair = PersonKeys.objects.create(
        person=hannah,
        generation=9,
        encryption_public=attacker.secret.public().raw,
        verifying_public=attacker.signing.verifying().raw,
        pins=b"",
        made_at=timezone.now(),
        confirmed_at=timezone.now(),
    )
    with removed(pair):
        refuses_to_share(stage, person=str(hannah.pk))


def signed_by(name: str) -> dict[str, Any]:
    """Signed with the real key of one of the cast, who may not vouch for this."""
    by = cast.person(name).keyholder()
    return {"signing": by.signing, "signer": by.statement}


VOUCHERS: dict[str, Callable[[], dict[str, Any]]] = {
    "the attacker, in the lead's name": lambda: {"signer": cast.person("paul").keyholder().statement},
    "a lead of another agency": lambda: signed_by("stan"),
    "a lead of another agency, as if it were their own": lambda: {
        **signed_by("stan"), "agency": cast.agency("farleigh"),
    },
    "somebody who leads nothing": lambda: {**signed_by("ben"), "agency": cast.agency("hillside")},
    "nobody": lambda: {"signer": "", "role": "root"},
}  # fmt: skip


@pytest.mark.parametrize("name", VOUCHERS)
def test_a_team_key_vouched_for_by_the_wrong_person_is_refused_and_alarmed(stage: Stage, name: str) -> None:
    made = Attacker().put_team_key("caiu", **VOUCHERS[name]())
    with removed(*made), _the_log_forgets(stage, "caiu"):
        refuses_to_share(stage, team=cast.team("caiu"))


def test_a_lead_whom_an_attacker_made_up_vouches_for_nobody(stage: Stage) -> None:
    attacker, paul = Attacker(), cast.person("paul").party
    lead = attacker.state(attacker.draw_up(paul, epoch=50, signer=newest(paul).get().signer_id))
    made = attacker.put_team_key("caiu", signer=lead.digest)
    with removed(*made, lead), _the_log_forgets(stage, "caiu"):
        refuses_to_share(stage, team=cast.team("caiu"))


def test_another_root_is_refused_and_alarmed(stage: Stage) -> None:
    """A whole other chain, complete in itself, that ends at a root nobody remembers."""
    attacker, lena, paul = Attacker(), cast.person("lena").party, cast.person("paul").party
    root = attacker.state(attacker.draw_up(lena, epoch=50, signer="", role="root"))
    lead = attacker.state(attacker.draw_up(paul, epoch=50, signer=root.digest), signer=root.digest)
    made = attacker.put_team_key("caiu", signer=lead.digest)
    with removed(*made, lead, root), _the_log_forgets(stage, "caiu"):
        refuses_to_share(stage, team=cast.team("caiu"))


@contextmanager
def _the_log_forgets(stage: Stage, team: str) -> Iterator[None]:
    """Take out of the log's index, afterwards, what the attacker stated: as the owner of everything, past triggers."""
    try:
        yield
    finally:
        subject = f"team:{cast.team(team)}"
        real = KeyStatement.objects.get(subject=subject, epoch=1).digest  # this team's key was never renewed
        attacker = stage.database.connect_as_attacker()
        drop_protection(stage.database, attacker, "audit_entryrecord")
        forged = f"SELECT id FROM audit_entry WHERE event = 'key:stated' AND detail <> '{real}'"
        attacker.execute(f"DELETE FROM audit_entryrecord WHERE record = 'key:{subject}' AND entry_id IN ({forged})")
        attacker.close()


def test_a_membership_that_no_lead_gave_gets_no_key(stage: Stage) -> None:
    """The attacker has a colleague inside: a real person with a real key, written into another team's rows."""
    stan, mash = cast.person("stan").person_id, Team.objects.filter(pk=cast.team("mash"))
    forged = Membership.objects.create(
        team_id=cast.team("mash"), person_id=stan, role="practitioner", admitted_at=timezone.now()
    )
    with removed(forged), changed(mash, renewal_due_since=timezone.now()):
        refuses_to_share(stage, team=cast.team("mash"))


def test_a_rolled_back_epoch_is_refused_and_alarmed(database: Database) -> None:
    """The council's newest epoch is taken out of every table, the log included, by someone past every trigger."""
    teller = Teller(Inside(), Words())
    teller.raise_concern()
    removal = f"memberships/{cast.person('rhys').membership_id}"
    assert teller.door.ask("lena", "DELETE", removal).status == 204
    share = {"concern_version": 1, "shares": [teller.plan(team=cast.team("mash"))]}
    teller.do("amina", "POST", "decisions", teller.decide("share", **share))  # amina has seen the second epoch
    subject = f"team:{cast.team('mash')}"
    assert newest(subject).get().epoch == 2
    roll_back(database, subject, alter_log=False)
    again = teller.decide("share", **share)
    with alarmed("key:refused"):
        assert teller.door.ask("amina", "POST", "decisions", again).status == 409
    roll_back(database, subject, alter_log=True)
    assert latest.latest_detail(events.KEY_STATED, record=f"key:{subject}") == newest(subject).get().digest
    with alarmed("key:refused"):
        assert teller.door.ask("amina", "POST", "decisions", again).status == 409
    assert "epoch_went_back" in str(list(Entry.objects.filter(event="key:refused").values_list("detail")))


def roll_back(database: Database, subject: str, *, alter_log: bool) -> None:
    """Delete a team's second epoch and everything that hangs on it, as the owner of everything."""
    digest = KeyStatement.objects.filter(subject=subject, epoch=2).values_list("digest", flat=True).first()
    entry = EntryRecord.objects.filter(record=f"key:{subject}").order_by("-entry_id")[0].entry_id
    attacker = database.connect_as_attacker()
    run = attacker.execute
    if database.vendor == "postgresql":
        run("SET session_replication_role = replica")
    if not alter_log:
        epoch = f"(SELECT id FROM accounts_teamepoch WHERE statement_id = '{digest}')"
        for table in ("exchange_keywrap", "accounts_teamkeywrap"):
            run(f"DELETE FROM {table} WHERE team_epoch_id IN {epoch}")
        run(f"DELETE FROM accounts_teamepoch WHERE statement_id = '{digest}'")
        run(f"DELETE FROM accounts_keystatement WHERE digest = '{digest}'")
    else:
        drop_protection(database, attacker, "audit_entryrecord")
        run(f"DELETE FROM audit_entryrecord WHERE entry_id = {entry} AND record = 'key:{subject}'")
    attacker.close()


def drop_protection(database: Database, attacker: Any, table: str) -> None:
    """Take a table's triggers away."""
    if database.vendor == "postgresql":
        attacker.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        return
    for (name,) in attacker.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
    ).fetchall():
        attacker.execute(f"DROP TRIGGER {name}")


# --- A forged disclosure --------------------------------------------------------------------------------------------
def forge(stage: Stage, *, author: str, statement: str, signing: vault.SigningKey) -> tuple[Record, str]:
    """A disclosure to the council "from the school": everything in place but its author's word."""
    lie = stage.words.new()
    by = replace(cast.person("stan").keyholder(), person_id=author, statement=statement, signing=signing)
    school, mash = Team.objects.get(pk=cast.team("hillside")), Team.objects.get(pk=cast.team("mash"))
    reader = epochs("mash").get()
    key_of_reader = vault.PublicKey.parse(bytes(reader.public))
    sent_to = [(f"team:{mash.pk}", reader.epoch, key_of_reader.fingerprint())]
    draft = sealing.Draft("disclosure", school, "RED", "protect", record(stage.told.decision), sent_to)
    body = Rendition(
        banner=[], from_person="Amina Yusuf", from_team="DSLs", from_agency="Hillside Primary", to="MASH",
        purpose="MASH", urgency="RED", message=lie,
    )  # fmt: skip
    with transaction.atomic():
        made, key = sealing.make_record(draft, by=by)
        sealing.seal_version(made, body, draft, key=key, by=by)
        now = timezone.now()
        Disclosure.objects.create(record=made, team=mash, channel="EXCHANGE", sent_at=now, acknowledge_by=now)
        grant = Grant.objects.create(record=made, team=mash, given_by_id=author, given_at=now)
        context = sealing.wrap_context(made, f"team:{mash.pk}", reader.epoch)
        wrapped = vault.wrap(key, to=key_of_reader, context=context)
        KeyWrap.objects.create(grant=grant, team_epoch=reader, wrapped=wrapped.raw)
        may_open = Permission.objects.get(codename="record:open")
        RecordGroupPermission.objects.create(group=mash.group, content_object=made, permission=may_open)
    return made, lie


def refuses_forgery(stage: Stage, **as_whom: Any) -> None:
    """The forged disclosure stands in the inbox, and does not open."""
    made, _ = forge(stage, **as_whom)
    assert made.ref in str(stage.door.ask("lena", "GET", "inbox?limit=100").json())  # the forgery is complete
    with alarmed("record:open:failed"):
        answer = stage.door.ask("lena", "GET", f"disclosures/{made.ref}")
    assert (answer.status, stage.words.are_in(answer.content)) == (409, False), answer.content


def test_a_disclosure_signed_with_an_attackers_key_is_refused_and_alarmed(stage: Stage) -> None:
    amina = cast.person("amina")
    refuses_forgery(
        stage, author=amina.person_id, statement=amina.keyholder().statement, signing=vault.make_signing_key()
    )


def test_a_disclosure_whose_attacker_inserted_a_statement_too_is_refused_and_alarmed(stage: Stage) -> None:
    amina, attacker = cast.person("amina"), Attacker()
    row = attacker.state(attacker.draw_up(amina.party, epoch=40))
    with removed(row):
        refuses_forgery(stage, author=amina.person_id, statement=row.digest, signing=attacker.signing)


def test_a_disclosure_of_one_agency_signed_by_someone_of_another_is_refused_and_alarmed(stage: Stage) -> None:
    stan = cast.person("stan").keyholder()
    assert stan.signing
    refuses_forgery(stage, author=stan.person_id, statement=stan.statement, signing=stan.signing)
    refuses_forgery(stage, author=cast.person("amina").person_id, statement=stan.statement, signing=stan.signing)


# --- The person's own rows ------------------------------------------------------------------------------------------
def secrets_of(name: str, method: str = SealedSecrets.PASSPHRASE) -> Any:
    """How a person's secrets are sealed."""
    return SealedSecrets.objects.filter(keys__person_id=cast.person(name).person_id, method=method, ended_at=None)


SIGNING_IN: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "a lowered cost": lambda: changed(secrets_of("tom"), memory_kib=16),
    "a cost of nothing": lambda: changed(secrets_of("tom"), memory_kib=0, passes=0, lanes=0),
    "another person's secret key": lambda: changed(secrets_of("tom"), **copy(secrets_of("stan"), "encryption")),
    "another person's signing key": lambda: changed(secrets_of("tom"), **copy(secrets_of("stan"), "signing")),
    "no signing key": lambda: changed(secrets_of("tom"), signing=None),
    "a secret key cut short": lambda: changed(
        secrets_of("tom"), encryption=bytes(secrets_of("tom").get().encryption)[:-1]
    ),
    "another person's pins": lambda: changed(
        PersonKeys.objects.filter(person_id=cast.person("tom").person_id),
        pins=PersonKeys.objects.get(person_id=cast.person("stan").person_id).pins,
    ),
}


@pytest.mark.parametrize("name", SIGNING_IN)
def test_a_person_whose_sealed_keys_were_altered_cannot_sign_in_and_it_is_alarmed(stage: Stage, name: str) -> None:
    tom = cast.person("tom")
    typed = {"email": tom.email, "passphrase": tom.passphrase, "code": tom._codes[-1]}
    with SIGNING_IN[name](), alarmed("key:refused"):
        answer = stage.door.ask("", "POST", "session", typed)
    assert answer.status == 401, answer.content


def test_a_passphrase_that_an_attacker_wrote_in_opens_nothing(stage: Stage) -> None:
    """They know the new verifier's passphrase; the keys are still sealed under the old one."""
    tom, salt = cast.person("tom"), secrets.token_bytes(16)
    unlock = vault.stretch_passphrase("attacker's own passphrase", salt=salt, cost=vault.Cost.for_tests())
    hashed = hashlib.sha256(unlock.verifier).digest()
    typed = {"email": tom.email, "passphrase": "attacker's own passphrase", "code": tom._codes[-1]}
    with changed(secrets_of("tom"), salt=salt, verifier_hash=hashed), alarmed("key:refused"):
        assert stage.door.ask("", "POST", "session", typed).status == 401


def test_altered_pins_end_what_a_session_may_do_and_it_is_alarmed(stage: Stage) -> None:
    assert stage.door.ask("tom", "GET", "inbox").status == 200
    pins = PersonKeys.objects.filter(person_id=cast.person("tom").person_id)
    for altered in (flip(pins.get().pins), b"", PersonKeys.objects.get(person_id=cast.person("ben").person_id).pins):
        with changed(pins, pins=altered), alarmed("key:refused"):
            answer = stage.door.ask("tom", "GET", f"disclosures/{stage.told.to_mash}")
        assert (answer.status, stage.words.are_in(answer.content)) == (401, False)


def test_a_session_given_to_another_person_is_refused_and_alarmed(stage: Stage) -> None:
    for who in ("stan", "lena"):
        cast.person(who).bearer  # noqa: B018 - signs in
    session = Session.objects.filter(person_id=cast.person("stan").person_id, ended_at=None)
    lenas = Session.objects.filter(person_id=cast.person("lena").person_id, ended_at=None).order_by("-made_at")[0]
    attacks: list[dict[str, Any]] = [
        {"person_id": lenas.person_id},
        {"person_id": lenas.person_id, "keys_id": lenas.keys_id},
        {"person_id": lenas.person_id, "keys_id": lenas.keys_id, "encryption": lenas.encryption},
    ]
    for attack in attacks:
        with changed(session, **attack), alarmed("key:refused"):
            answer = stage.door.ask("stan", "GET", f"disclosures/{stage.told.to_mash}")
        assert (answer.status, stage.words.are_in(answer.content)) == (401, False), attack
    assert stage.door.ask("stan", "GET", "inbox").status == 200


def test_the_database_refuses_a_superuser(stage: Stage) -> None:
    stan = cast.person("stan").person_id
    with pytest.raises(DatabaseError), transaction.atomic():
        Person.objects.filter(pk=stan).update(is_superuser=True)
    attacker = stage.database.connect_as_attacker()
    yes, key = ("TRUE", stan) if connection.vendor == "postgresql" else ("1", stan.replace("-", ""))
    with pytest.raises(Exception, match="no_person_is_superuser"):
        attacker.execute(f"UPDATE accounts_person SET is_superuser = {yes} WHERE id = '{key}'")
    attacker.close()


def test_nothing_altered_raises_no_alarm(stage: Stage) -> None:
    """The control: what is as it was sealed opens, quietly."""
    before = count_alarms()
    for who, path in stage.told.openings:
        assert stage.door.ask(who, "GET", path).status == 200, path
    assert count_alarms() == before
