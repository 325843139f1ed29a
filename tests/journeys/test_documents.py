"""Documents: sealed as they arrive, and not a byte leaves unless the whole has verified."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from exchange.models import Document, DocumentHolding, Notice, RecordVersion
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database

PDF, PNG = "application/pdf", "image/png"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LONG = bytes(range(1, 256)) * 1200  # several chunks


def stored() -> list[Path]:
    """Every sealed file at rest."""
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def share_document(content: bytes = b"%PDF-1.7\n" + LONG) -> tuple[str, str]:
    """Share one document with the MASH; the disclosure and the document."""
    ref = telling.raise_concern()
    answer = cast.person("amina").upload(ref, content, name="körper.pdf".encode().decode("latin-1"), kind=PDF)
    document = answer.json()["document"]
    body = telling.decide_to_share(ref, telling.plan("mash", documents=[document]), concern_version=2)
    return cast.person("amina").do("decisions", body)["disclosures"][0], document


KINDS = [
    (PDF, b"%PDF-1.7\n" + LONG),
    (PNG, b"\x89PNG\r\n\x1a\n" + LONG),
    ("image/jpeg", b"\xff\xd8\xff\xe0" + LONG),
    (DOCX, b"PK\x03\x04" + LONG),
    ("text/plain", "Sie sagte: „Ich nicht.“".encode() * 5000),
    ("message/rfc822", b"From: a@example.org\r\n\r\nHello"),
    ("text/plain", b"x"),
]


def test_what_was_added_comes_back_byte_for_byte(database: Database) -> None:
    ref, ben = telling.raise_concern(), cast.person("ben")
    for number, (kind, content) in enumerate(KINDS):
        added = cast.person("amina").upload(ref, content, name=f"{number}.bin", kind=kind).json()
        assert added["version"] == number + 2
        assert ben.download(ref, added["document"]) == content
    listed = [(one["name"], one["type"], one["size"]) for one in ben.see(f"concerns/{ref}")["documents"]]
    assert sorted(listed) == [(f"{number}.bin", kind, len(content)) for number, (kind, content) in enumerate(KINDS)]


def test_the_recipient_downloads_what_was_shared_and_it_is_logged(database: Database) -> None:
    disclosure, document = share_document()
    lena = cast.person("lena")
    lena.see("session")
    mark = logbook.Mark()
    assert lena.download(disclosure, document) == b"%PDF-1.7\n" + LONG
    (line,) = mark.lines()
    assert (line.event, line.records, line.detail) == ("document:opened", (disclosure,), document)


def _flip(sealed: bytes) -> bytes:
    middle = len(sealed) // 2
    return sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :]


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "flipped": _flip,
    "one byte short": lambda sealed: sealed[:-1],
    "half": lambda sealed: sealed[: len(sealed) // 2],
    "first chunk": lambda sealed: sealed[: 64 * 1024],
    "one more": lambda sealed: sealed + b"\0",
    "longer": lambda sealed: sealed + sealed[-64:],
    "last byte": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "empty": lambda _: b"",
    "version": lambda sealed: b"\x02" + sealed[1:],
}


def test_altered_or_truncated_it_is_refused_before_any_byte_and_the_auditors_are_told(database: Database) -> None:
    disclosure, document = share_document()
    (file,) = stored()
    sealed, lena = file.read_bytes(), cast.person("lena")
    assert lena.download(disclosure, document)
    for name, alter in ALTERED.items():
        file.write_bytes(alter(sealed))
        mark = logbook.Mark()
        answer = lena.get(f"records/{disclosure}/documents/{document}")
        assert (answer.status_code, answer.json()["code"]) == (409, "cannot_open"), name
        assert not answer.streaming
        assert mark.events() == ["document:opened", "record:open:failed"], name
    assert Notice.objects.filter(kind="integrity_alarm").exists()
    file.write_bytes(sealed)
    assert lena.download(disclosure, document)


def test_a_file_that_is_gone_is_refused_alike(database: Database) -> None:
    disclosure, document = share_document()
    stored()[0].unlink()
    answer = cast.person("lena").get(f"records/{disclosure}/documents/{document}")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_open")


def test_two_files_exchanged_for_each_other_are_refused(database: Database) -> None:
    ref = telling.raise_concern()
    documents = [cast.person("amina").upload(ref, text).json()["document"] for text in (b"one", b"two")]
    first, second = stored()
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    for document in documents:
        assert cast.person("ben").get(f"records/{ref}/documents/{document}").status_code == 409


def test_a_holding_exchanged_for_another_is_refused(database: Database) -> None:
    ref = telling.raise_concern()
    documents = [cast.person("amina").upload(ref, text).json()["document"] for text in (b"one", b"two")]
    rows = list(DocumentHolding.objects.order_by("pk"))
    for row, other in zip(rows, reversed(rows), strict=True):
        fields = {"sealed_key": other.sealed_key, "sealed_description": other.sealed_description}
        DocumentHolding.objects.filter(pk=row.pk).update(**fields)
    for document in documents:
        assert cast.person("ben").get(f"records/{ref}/documents/{document}").status_code == 409
    assert cast.person("ben").get(f"concerns/{ref}").status_code == 409


NOT_WHAT_THEY_SAY = [
    (PDF, b"MZ\x90\x00 a program that says it is a PDF", "file"),
    (PNG, b"%PDF-1.7 a PDF that says it is a picture", "file"),
    (DOCX, b"not a zip archive", "file"),
    ("text/plain", b"has a \0 in it", "file"),
    ("text/plain", b"x" * 70_000 + b"\xff\xfe", "file"),
    ("text/plain", "half a lett\u00e9".encode()[:-1], "file"),
    (PDF, b"", "file"),
    ("application/x-msdownload", b"MZ", "type"),
    ("text/html", b"<script>", "type"),
    ("", b"%PDF-", "type"),
    ("text/plain; charset=utf-8\x0b", b"x", "type"),
]


def test_a_file_that_is_not_what_it_says_is_refused_and_nothing_is_left(database: Database) -> None:
    ref = telling.raise_concern()
    for kind, content, field in NOT_WHAT_THEY_SAY:
        answer = cast.person("amina").upload(ref, content, kind=kind)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), (kind, content[:20])
    assert stored() == []
    assert not Document.objects.exists()
    assert RecordVersion.objects.count() == 1


@pytest.mark.parametrize("extra", [1, 200_000])
def test_over_the_limit_it_is_refused_and_nothing_is_left(database: Database, extra: int) -> None:
    ref = telling.raise_concern()
    with override_settings(CONFER_DOCUMENT_LIMIT=2**20):
        answer = cast.person("amina").upload(ref, b"y" * (2**20 + extra))
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "1 MB" in answer.json()["detail"]
        assert stored() == []
        assert cast.person("amina").upload(ref, b"y" * 2**20).status_code == 201


@pytest.mark.parametrize("name", ["", "..%2Fetc%2Fpasswd", "a%00b", "n" * 151, "%0d%0aX: y", "a%5Cb"])
def test_a_name_that_is_none_is_refused(database: Database, name: str) -> None:
    ref = telling.raise_concern()
    answer = cast.person("amina").upload(ref, b"x", name=name)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "X-Confer-File-Name")
    assert stored() == []


def test_only_the_team_that_owns_the_concern_adds_to_it(database: Database) -> None:
    ref = telling.raise_concern()
    for name in ("lena", "stan", "audrey", "service"):
        assert cast.person(name).upload(ref, b"mine").status_code == 404
    assert stored() == []


def test_one_that_was_not_shared_is_not_found_through_the_disclosure(database: Database) -> None:
    ref = telling.raise_concern()
    kept_back, shared = (cast.person("amina").upload(ref, text).json()["document"] for text in (b"one", b"two"))
    body = telling.decide_to_share(ref, telling.plan("mash", documents=[shared]), concern_version=3)
    (disclosure,) = cast.person("amina").do("decisions", body)["disclosures"]
    lena = cast.person("lena")
    assert lena.download(disclosure, shared) == b"two"
    assert lena.get(f"records/{disclosure}/documents/{kept_back}").status_code == 404
    assert lena.get(f"records/{ref}/documents/{shared}").status_code == 404


def test_nothing_of_it_rests_unsealed(database: Database) -> None:
    share_document(b"%PDF-1.7\n" + b"Quillfeather" * 20_000)
    (file,) = stored()
    assert b"Quillfeather" not in file.read_bytes()
    assert file.name == str(Document.objects.get().id)
