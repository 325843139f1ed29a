"""Attacks on keys: epochs that are forgotten, statements not in their one spelling, chains of many leads."""

import base64
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import transaction
from django.utils import timezone

import vault
from accounts import pins, statements, teams
from accounts.errors import KeyRefused
from accounts.models import KeyStatement, Team, TeamEpoch
from audit import events, latest, log
from exchange.models import Notice
from tests import cast
from tests.journeys import telling
from tests.running.databases import Database
from vault import labels


def test_every_key_wrapped_to_in_one_act_is_remembered(database: Database) -> None:
    telling.share(telling.plan("mash"), telling.plan("caiu"), telling.plan("trust"))
    seen = cast.person("amina").keyholder().pins
    assert [seen.seen(f"team:{cast.team(name)}") for name in ("mash", "caiu", "trust", "hillside")] == [1, 1, 1, 1]


def test_two_requests_at_once_remember_what_both_saw(database: Database) -> None:
    first, second = (cast.person("amina").keyholder() for _ in range(2))
    for by, subject in ((first, "team:a"), (second, "team:b")):
        with transaction.atomic():
            pins.remember({subject: 7}, keys_id=by.keys_id, under=by.encryption, person_id=by.person_id)
    seen = cast.person("amina").keyholder().pins
    assert (seen.seen("team:a"), seen.seen("team:b")) == (7, 7)


def test_a_statement_that_is_not_in_its_one_spelling_is_refused(database: Database) -> None:
    grace, subject = cast.person("grace").keyholder(), cast.person("amina").party
    row = KeyStatement.objects.get(subject=subject)
    spaced = bytes(row.body).replace(b'":', b'": ')
    forged = KeyStatement.objects.create(
        digest=statements.compute_digest(spaced), subject=subject, epoch=9, signer=row.signer, body=spaced,
        signature=row.signature, made_at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(KeyRefused):
        statements.trusted_statement(forged.digest, by=grace)


def test_a_key_that_no_base64_spells_is_refused(database: Database) -> None:
    grace, subject = cast.person("grace").keyholder(), cast.person("amina").party
    told = msgspec.json.decode(bytes(KeyStatement.objects.get(subject=subject).body))
    signer = _put({**told, "role": "lead", "verifying": "not base64!", "epoch": 8}, signer=told["signer"])
    forged = _put({**told, "signer": signer, "epoch": 9}, signer=signer)
    with pytest.raises(KeyRefused):
        statements.trusted_statement(forged, by=grace)


def test_a_forged_subject_cannot_keep_its_refusal_out_of_the_log(database: Database) -> None:
    refused = statements.key_refused(
        "Mary Quill lives at 1 High Street", "bad_signature", by=cast.person("grace").keyholder()
    )
    assert refused.parties == ()


def test_a_lead_admitted_by_a_lead_admitted_by_a_lead_is_still_vouched_for(database: Database) -> None:
    """Leads come and go for years, each admitted by the one before."""
    by, digest = cast.person("grace").keyholder(), cast.person("grace").keyholder().statement
    told = msgspec.json.decode(bytes(KeyStatement.objects.get(digest=digest).body))
    signing = by.signing
    assert signing
    for _ in range(20):
        successor = vault.make_signing_key()
        body = {**told, "signer": digest, "verifying": _spell(successor.verifying()), "epoch": told["epoch"] + 1}
        digest = _put(body, signer=digest, signing=signing)
        signing = successor
    assert statements.trusted_statement(digest, by=by).digest == digest


def test_a_clock_that_was_set_back_does_not_make_an_older_key_the_newest(database: Database) -> None:
    with transaction.atomic():
        newer = log.append(events.KEY_STATED, by=None, records=("key:team:x",), detail="aa")
        log.append(events.KEY_STATED, by=None, records=("key:team:x",), detail="bb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.log.timezone.now", lambda: newer.at - timedelta(hours=1))
        with transaction.atomic():
            log.append(events.KEY_STATED, by=None, records=("key:team:x",), detail="cc")
    assert latest.latest_detail(events.KEY_STATED, record="key:team:x") == "cc"


def test_a_lead_can_sign_in_though_a_key_of_their_team_was_tampered_with(database: Database) -> None:
    Team.objects.filter(pk=cast.team("hillside")).update(renewal_due_since=timezone.now())
    KeyStatement.objects.filter(subject=cast.person("ben").party).update(signature=b"\x01" * 100)
    alarms = Notice.objects.filter(kind="integrity_alarm").count()
    assert cast.person("grace").sign_in()
    assert Notice.objects.filter(kind="integrity_alarm").count() == alarms + 1
    assert Team.objects.get(pk=cast.team("hillside")).renewal_due_since is not None


def _put(body: dict[str, Any], *, signer: str, signing: vault.SigningKey | None = None) -> str:
    written = vault.canonical(body)
    signature = vault.sign(signing, label=labels.KEY_STATEMENT, message=written) if signing else b"\x01" * 100
    made = KeyStatement.objects.create(
        digest=statements.compute_digest(written), subject=f"person:{KeyStatement.objects.count()}", epoch=1,
        signer_id=signer, body=written, signature=signature, made_at=timezone.now(),
    )  # fmt: skip
    return made.digest


def _spell(key: vault.VerifyingKey) -> str:
    return base64.b64encode(key.raw).decode()


def test_an_older_epoch_put_back_as_the_newest_is_refused_to_whoever_never_saw_the_newer(database: Database) -> None:
    cast.person("lena").delete(f"memberships/{cast.person('rhys').membership_id}")
    mash = Team.objects.get(pk=cast.team("mash"))
    statement = KeyStatement.objects.get(subject=f"team:{mash.pk}", epoch=1)
    KeyStatement.objects.filter(subject=f"team:{mash.pk}", epoch=2).update(epoch=0)
    TeamEpoch.objects.filter(team=mash, epoch=2).update(epoch=0)
    with transaction.atomic():  # and a false entry, which whoever writes rows may add
        log.append(events.KEY_STATED, by=None, records=(f"key:team:{mash.pk}",), detail=statement.digest)
    with pytest.raises(KeyRefused):
        teams.readers_of(mash, by=cast.person("stan").keyholder())
