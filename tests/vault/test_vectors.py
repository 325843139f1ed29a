"""The formats are kept: every vector gives what it promises or is refused with the error it names."""

import base64
import hashlib

import pytest

import vault
from tests.vault.vectors import KEYS, Case, accepted, blob, load, load_streams, refused, refuses
from vault import recovery

STREAMS = load_streams()


@accepted("context")
def test_a_context_has_one_encoding(case: Case) -> None:
    assert vault.bind(case["label"], *case["parts"]).hex() == case["context"]


def test_no_two_contexts_share_an_encoding() -> None:
    made = [case["context"] for case in load("context") if "context" in case]
    assert len(set(made)) == len(made)


@refused("context")
def test_a_context_off_grammar_is_refused(case: Case) -> None:
    with refuses(case):
        vault.bind(case["label"], *case["parts"])


@accepted("keys")
def test_a_secret_gives_its_public_half_and_fingerprint(case: Case) -> None:
    secret = bytes.fromhex(case["secret"])
    public: vault.PublicKey | vault.VerifyingKey | vault.NoteVerifyingKey
    match case["kind"]:
        case "PublicKey":
            public = vault.SecretKey(secret).public()
        case "VerifyingKey":
            public = vault.SigningKey(secret).verifying()
        case _:
            public = vault.NoteKey(secret).verifying()
    assert public.raw.hex() == case["public"]
    assert public.fingerprint() == case["fingerprint"]
    assert type(public).parse(public.raw) == public


@refused("keys")
def test_bytes_that_are_no_usable_key_are_refused(case: Case) -> None:
    with refuses(case):
        getattr(vault, case["kind"]).parse(bytes.fromhex(case["public"]))


def unwrap(case: Case) -> vault.ContentKey | vault.SecretKey:
    wrapped = vault.WrappedKey.parse(blob(case, "wrapped"))
    using, context = vault.SecretKey(bytes.fromhex(case["using"])), bytes.fromhex(case["context"])
    if case["unwrap_as"] == "content key":
        return vault.unwrap_content_key(wrapped, using=using, context=context)
    return vault.unwrap_secret_key(wrapped, using=using, context=context)


@accepted("wrapped-key")
def test_a_wrapped_key_unwraps(case: Case) -> None:
    assert unwrap(case).export_secret().hex() == case["key"]


@refused("wrapped-key")
def test_a_wrapped_key_that_is_not_right_is_refused(case: Case) -> None:
    with refuses(case):
        unwrap(case)


def open_sealed(case: Case) -> bytes:
    sealed, context = blob(case, "sealed"), bytes.fromhex(case["context"])
    under = KEYS[case["under"]](bytes.fromhex(case["key"]))
    match case["open_as"]:
        case "body":
            return vault.open_body(sealed, under=under, context=context)
        case "secret key":
            return vault.open_secret_key(sealed, under=under, context=context).export_secret()
        case "signing key":
            return vault.open_signing_key(sealed, under=under, context=context).export_secret()
        case "content key":
            return vault.open_content_key(sealed, under=under, context=context).export_secret()
        case _:
            return vault.open_note_key(sealed, under=under, context=context).export_secret()


@accepted("sealed-body")
def test_what_was_sealed_opens(case: Case) -> None:
    assert open_sealed(case).hex() == case["opened"]


@refused("sealed-body")
def test_what_was_altered_moved_or_mistaken_is_refused(case: Case) -> None:
    with refuses(case):
        open_sealed(case)


def open_stream(case: Case) -> bytes:
    whole = STREAMS[case["stream"]]
    sealed = bytearray(b"".join(whole[start:end] for start, end in case.get("take", [[0, len(whole)]])))
    if "flip" in case:
        sealed[case["flip"]] ^= 1
    sealed += bytes.fromhex(case.get("append", ""))
    under, context = vault.ContentKey(bytes.fromhex(case["key"])), bytes.fromhex(case["context"])
    return b"".join(vault.open_stream(lambda: [bytes(sealed)], under=under, context=context))


@accepted("sealed-stream")
def test_a_sealed_stream_opens(case: Case) -> None:
    plain = open_stream(case)
    assert (len(plain), hashlib.sha256(plain).hexdigest()) == (case["size"], case["sha256"])


@refused("sealed-stream")
def test_a_stream_cut_reordered_repeated_or_extended_is_refused(case: Case) -> None:
    with refuses(case):
        open_stream(case)


def verify(case: Case) -> None:
    key, message = vault.VerifyingKey.parse(bytes.fromhex(case["key"])), bytes.fromhex(case["message"])
    vault.verify(key, label=case["label"], message=message, signature=base64.b64decode(case["signature"]))


@accepted("signature")
def test_a_signature_verifies(case: Case) -> None:
    verify(case)


@refused("signature")
def test_a_signature_of_which_any_part_is_wrong_is_refused(case: Case) -> None:
    with refuses(case):
        verify(case)


def verify_note(case: Case) -> None:
    key = vault.NoteKey(bytes.fromhex(case["secret"]))
    vault.verify_note(key.verifying(), case["text"].encode(), bytes.fromhex(case["signature"]))


@accepted("signature", "notes")
def test_a_note_verifies_and_is_signed_the_same_again(case: Case) -> None:
    verify_note(case)
    assert (
        vault.sign_note(vault.NoteKey(bytes.fromhex(case["secret"])), case["text"].encode()).hex() == case["signature"]
    )


@refused("signature", "notes")
def test_a_note_that_was_altered_is_refused(case: Case) -> None:
    with refuses(case):
        verify_note(case)


@accepted("canonical")
def test_canonical_json_reads_back_and_writes_the_same(case: Case) -> None:
    written = bytes.fromhex(case["written"])
    assert vault.canonical(vault.parse_canonical(written)) == written


@refused("canonical")
def test_json_in_any_other_spelling_is_refused(case: Case) -> None:
    with refuses(case):
        vault.parse_canonical(bytes.fromhex(case["written"]))


@accepted("canonical", "commitments")
def test_a_commitment_is_made_the_same_again(case: Case) -> None:
    blind, data = bytes.fromhex(case["blind"]), bytes.fromhex(case["data"])
    assert vault.commit(case["label"], blind, data).hex() == case["commitment"]


@accepted("canonical", "derived")
def test_a_key_is_derived_the_same_again(case: Case) -> None:
    kinds: dict[str, type[vault.ContentKey | vault.UnlockKey | vault.SecretKey]]
    kinds = {"content-key": vault.ContentKey, "unlock-key": vault.UnlockKey, "secret-key": vault.SecretKey}
    assert vault.derive(kinds[case["kind"]](bytes.fromhex(case["key"])), case["label"]).hex() == case["derived"]


def show(keys: vault.UnlockKeys) -> tuple[str, str, str]:
    return keys.verifier.hex(), keys.encryption.export_secret().hex(), keys.signing.export_secret().hex()


def stretch(case: Case) -> vault.UnlockKeys:
    cost = vault.Cost(*case["cost"]) if case["cost"] else vault.Cost.for_tests()
    return vault.stretch_passphrase(case["passphrase"], salt=bytes.fromhex(case["salt"]), cost=cost)


@accepted("stretch", "passphrases")
def test_a_passphrase_unlocks_the_same_keys_again(case: Case) -> None:
    assert show(stretch(case)) == (case["verifier"], case["encryption"], case["signing"])


@refused("stretch", "passphrases")
def test_a_passphrase_salt_or_cost_out_of_bounds_is_refused(case: Case) -> None:
    with refuses(case):
        stretch(case)


@accepted("stretch", "codes")
def test_a_code_unlocks_the_same_keys_again(case: Case) -> None:
    keys = vault.stretch_code(bytes.fromhex(case["secret"]), label=case["label"])
    assert show(keys) == (case["verifier"], case["encryption"], case["signing"])


@refused("stretch", "codes")
def test_a_code_out_of_bounds_is_refused(case: Case) -> None:
    with refuses(case):
        vault.stretch_code(bytes.fromhex(case["secret"]), label=case["label"])


@accepted("recovery-code")
def test_a_recovery_code_is_read_as_people_type_it(case: Case) -> None:
    assert vault.parse_recovery_code(case["code"]).hex() == case["secret"]


@refused("recovery-code")
def test_a_recovery_code_that_is_not_right_is_refused(case: Case) -> None:
    with refuses(case):
        vault.parse_recovery_code(case["code"])


@pytest.mark.parametrize("case", [case for case in load("recovery-code") if case["name"] == "as printed"])
def test_a_recovery_code_is_spelt_the_same_again(case: Case) -> None:
    assert recovery.spell_recovery_code(bytes.fromhex(case["secret"])) == case["code"]
