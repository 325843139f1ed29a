"""A secret key cannot be printed, pickled, copied, changed, counted in a set, or taken for another."""

import copy
import dataclasses
import json
import pickle
from collections.abc import Callable

import pytest

import vault
from vault import labels

SECRETS = [
    vault.make_secret_key(),
    vault.make_signing_key(),
    vault.make_note_key(),
    vault.make_content_key(),
    vault.stretch_code(bytes(range(16)), label=labels.API_TOKEN).encryption,
]
every_secret = pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: type(secret).__name__)
Secret = vault.SecretKey | vault.SigningKey | vault.NoteKey | vault.ContentKey | vault.UnlockKey


@every_secret
def test_a_secret_shows_nothing_of_itself(secret: Secret) -> None:
    shown = f"{secret!r} {secret!s} {secret} {[secret]} %s" % secret
    assert secret.export_secret().hex()[:8] not in shown
    assert repr(secret.export_secret())[2:10] not in shown
    assert "not shown" in shown


@every_secret
@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, bytes, vars, dict, len])
def test_a_secret_does_not_leave_by_a_side_door(secret: Secret, leave: object) -> None:
    assert callable(leave)
    with pytest.raises(TypeError):
        leave(secret)


@every_secret
def test_a_secret_has_no_state_to_take(secret: Secret) -> None:
    with pytest.raises(TypeError):
        secret.__getstate__()
    assert not dataclasses.is_dataclass(secret)


@every_secret
def test_a_secret_cannot_be_changed(secret: Secret) -> None:
    with pytest.raises(AttributeError):
        secret._raw = bytes(32)
    with pytest.raises(AttributeError):
        del secret._raw
    with pytest.raises(AttributeError):
        secret.note = "x"


@every_secret
def test_secrets_are_equal_only_to_their_own_kind_and_bytes(secret: Secret) -> None:
    raw = secret.export_secret()
    assert secret == type(secret)(raw)
    assert secret != type(secret)(raw[::-1])
    assert secret != raw
    assert vault.ContentKey(bytes(32)) != vault.UnlockKey(bytes(32))


@every_secret
def test_a_secret_is_made_of_exactly_its_bytes(secret: Secret) -> None:
    raw = secret.export_secret()
    for wrong in (b"", raw[:-1], raw + b"\x00"):
        with pytest.raises(vault.MalformedInput):
            type(secret)(wrong)
    with pytest.raises(TypeError):
        type(secret)(raw.hex())  # type: ignore[arg-type]


def test_unlock_keys_show_and_pickle_nothing() -> None:
    keys = vault.stretch_code(bytes(range(16)), label=labels.API_TOKEN)
    assert keys.verifier.hex() not in repr(keys)
    assert repr(keys) == "<UnlockKeys: not shown>"
    for leave in (pickle.dumps, copy.deepcopy, hash, dataclasses.asdict):
        with pytest.raises(TypeError):
            leave(keys)
    assert keys == vault.stretch_code(bytes(range(16)), label=labels.API_TOKEN)
    assert keys != vault.stretch_code(bytes(range(16)), label=labels.BEARER)


def test_the_three_unlock_keys_differ_from_one_another() -> None:
    keys = vault.stretch_passphrase("otter lamp violin", salt=bytes(16), cost=vault.Cost.for_tests())
    assert len({keys.verifier, keys.encryption.export_secret(), keys.signing.export_secret()}) == 3


def test_one_kind_of_key_does_not_do_anothers_work() -> None:
    unlock, content, context = vault.UnlockKey(bytes(32)), vault.make_content_key(), vault.bind(labels.RECORD_KEY)
    public = vault.make_secret_key().public()
    misuses: list[Callable[[], object]] = [
        lambda: vault.wrap(unlock, to=public, context=context),  # type: ignore[arg-type]
        lambda: vault.wrap(vault.make_signing_key(), to=public, context=context),  # type: ignore[arg-type]
        lambda: vault.wrap(content, to=public.raw, context=context),  # type: ignore[arg-type]
        lambda: vault.seal_body(b"", under=vault.make_secret_key(), context=context),  # type: ignore[arg-type]
        lambda: vault.seal_secret(unlock, under=content, context=context),  # type: ignore[arg-type]
        lambda: vault.seal_stream([b""], under=unlock, context=context),  # type: ignore[arg-type]
        lambda: vault.open_stream(lambda: [b""], under=unlock, context=context),  # type: ignore[arg-type]
        lambda: vault.sign(vault.make_note_key(), label=labels.KEY_STATEMENT, message=b""),  # type: ignore[arg-type]
        lambda: vault.sign_note(vault.make_signing_key(), b""),  # type: ignore[arg-type]
        lambda: vault.derive(vault.make_signing_key(), labels.REQUEST_MAC),  # type: ignore[arg-type]
    ]
    for misuse in misuses:
        with pytest.raises(TypeError):
            misuse()
