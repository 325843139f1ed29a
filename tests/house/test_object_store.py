"""Documents in a bucket of a real server: only sealed bytes go there, and a bucket that fails fails plainly."""

import io
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import tracemalloc
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.test import override_settings

from exchange import documents, environment, errors, store
from exchange.bucket import PART, Bucket
from exchange.management import bootstrap
from exchange.models import Document, DocumentHolding, RecordVersion
from tests import cast, plugin
from tests.house import alarms
from tests.journeys import logbook, telling
from tests.running.databases import Database
from tests.running.objects import Objects, lend_half_an_answer

CANARIES = (b"Quillfeather", b"kettle.txt", b"Wetherby")
CONTENT = b"Quillfeather keeps the kettle at Wetherby.\n" * 4000  # some chunks
LONG = CONTENT * 64  # some parts


class Kept:
    """A private bucket of this test alone, behind Django's default storage."""

    def __init__(self, url: str, credentials: Path) -> None:
        self.name, self.url, self.credentials = f"confer-{secrets.token_hex(6)}", url, credentials

    def settings(self, url: str = "", name: str = "") -> dict[str, Any]:
        """The settings that put documents there, or at another address, or in another bucket."""
        address = f"s3://{name or self.name}?endpoint={url or self.url}&region=eu-west-2"
        return {"STORAGES": settings.STORAGES | {"default": environment.parse_store(address, str(self.credentials))}}

    @property
    def raw(self) -> Any:
        """The bucket itself, past everything of ours but the connection."""
        storage: Any = storages["default"]
        return storage.bucket

    def contents(self) -> dict[str, bytes]:
        """Every object, by its name."""
        return {each.key: each.get()["Body"].read() for each in self.raw.objects.all()}

    def alter(self, document: str, change: Callable[[bytes], bytes]) -> None:
        """Put other bytes in the place of an object, as whoever holds the bucket can."""
        thing = self.raw.Object(store.path_of(document))
        sealed = thing.get()["Body"].read()
        thing.delete()
        thing.put(Body=change(sealed))


@pytest.fixture(scope="module")
def objects(run: plugin.Run) -> Iterator[Objects]:
    """Give the server."""
    server = Objects(run.house, run.folder / "objects.log")
    yield server
    server.kill()


@pytest.fixture
def kept(objects: Objects, tmp_path: Path) -> Iterator[Kept]:
    """Give a bucket, made by our own command, in which documents rest until the test is over."""
    objects.start()
    credentials = tmp_path / "store-credentials"
    credentials.write_text("an-id\na-secret\n", encoding="ascii")
    kept = Kept(objects.url, credentials)
    with override_settings(**kept.settings()):
        call_command("make_bucket", stdout=io.StringIO())
        yield kept


def add(content: bytes = CONTENT) -> tuple[str, str]:
    """Add a document to a new concern; both."""
    ref = telling.raise_concern()
    answer = cast.person("amina").upload(ref, content, name="kettle.txt")
    assert answer.status_code == 201, answer.content
    return ref, answer.json()["document"]


def count_rows() -> tuple[int, int, int]:
    return Document.objects.count(), DocumentHolding.objects.count(), RecordVersion.objects.count()


@pytest.mark.parametrize("content", [b"x", CONTENT, LONG], ids=["a byte", "chunks", "parts"])
def test_what_was_added_comes_back_and_no_file_is_made_here(
    database: Database, kept: Kept, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(database.data / "nowhere"))
    ref, document = add(content)
    assert cast.person("ben").download(ref, document) == content
    assert list(kept.contents()) == [store.path_of(document)]
    assert not (database.data / "media").exists()


def test_only_sealed_bytes_are_in_the_bucket_under_names_that_say_nothing(database: Database, kept: Kept) -> None:
    add(LONG)
    (name,) = kept.contents()
    held = kept.raw.Object(name).get()
    told = json.dumps([name, held["Metadata"], held["ContentType"]]).encode() + held["Body"].read()
    assert [word for word in CANARIES if word in told] == []
    assert len(told) > len(LONG)
    assert "-3" in held["ETag"]  # it went in three parts
    assert (held["ContentType"], held["Metadata"]) == ("application/octet-stream", {})


def test_nobody_without_credentials_is_shown_an_object_and_no_list_says_otherwise(
    database: Database, kept: Kept
) -> None:
    _, document = add()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{kept.url}/{kept.name}/{store.path_of(document)}")  # noqa: S310 - our own server
    (grant,) = kept.raw.Object(store.path_of(document)).Acl().grants
    assert (grant["Permission"], grant["Grantee"]["Type"]) == ("FULL_CONTROL", "CanonicalUser")
    with pytest.raises(NotImplementedError):
        storages["default"].url(store.path_of(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed[:-70] + bytes([sealed[-70] ^ 1]) + sealed[-69:],
        lambda sealed: sealed[:-1],
        lambda sealed: sealed + b"\0",
        lambda _: b"",
    ],
    ids=["flipped", "shorter", "longer", "empty"],
)
def test_an_altered_object_is_refused_before_any_byte_and_the_auditors_are_told(
    database: Database, kept: Kept, change: Callable[[bytes], bytes]
) -> None:
    ref, document = add()
    kept.alter(document, change)
    with alarms.alarmed("record:open:failed"):
        answer = cast.person("ben").get(f"records/{ref}/documents/{document}")
    assert (answer.status_code, answer.json()["code"], answer.streaming) == (409, "cannot_open", False)


def test_two_objects_exchanged_for_each_other_are_refused(database: Database, kept: Kept) -> None:
    (ref, first), (_, second) = add(b"one"), add(b"two")
    other = kept.contents()[store.path_of(second)]
    kept.alter(first, lambda _: other)
    with alarms.alarmed("record:open:failed"):
        assert cast.person("ben").get(f"records/{ref}/documents/{first}").status_code == 409


def test_a_missing_object_is_refused_and_the_auditors_are_told(database: Database, kept: Kept) -> None:
    ref, document = add()
    kept.raw.Object(store.path_of(document)).delete()
    with alarms.alarmed("record:open:failed"):
        answer = cast.person("ben").get(f"records/{ref}/documents/{document}")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_open")


def test_while_the_store_is_down_nothing_is_added_and_the_answer_is_plain(
    database: Database, kept: Kept, objects: Objects
) -> None:
    ref, _ = add()
    before, alarms_before, mark = count_rows(), alarms.count_alarms(), logbook.Mark()
    objects.kill()
    answer = cast.person("amina").upload(ref, CONTENT, name="kettle.txt")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_down")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [word for word in (*CANARIES, kept.name.encode(), b"127.0.0.1") if word in answer.content] == []
    assert count_rows() == before
    assert [(line.event, line.outcome, line.detail) for line in mark.lines()] == [
        ("request:refused", "refused", "store_down")
    ]
    assert alarms.count_alarms() == alarms_before
    assert cast.person("amina").see(f"concerns/{ref}")["version"] == 2


def test_while_the_store_is_down_nothing_is_opened_no_alarm_is_raised_and_afterwards_it_opens(
    database: Database, kept: Kept
) -> None:
    ref, document = add()
    ben = cast.person("ben")
    ben.see("session")
    alarms_before, mark = alarms.count_alarms(), logbook.Mark()
    with override_settings(**kept.settings(url="http://127.0.0.1:1")):
        answer = ben.get(f"records/{ref}/documents/{document}")
    assert (answer.status_code, answer.json()["code"], answer.streaming) == (503, "store_down", False)
    assert mark.events() == ["document:opened", "request:refused"]
    assert alarms.count_alarms() == alarms_before
    assert ben.download(ref, document) == CONTENT


def test_a_bucket_that_is_not_there_is_a_store_that_is_down(database: Database, kept: Kept) -> None:
    ref, document = add()
    with override_settings(**kept.settings(name="another-bucket")):
        assert cast.person("amina").upload(ref, b"x").status_code == 503
        assert cast.person("ben").get(f"records/{ref}/documents/{document}").status_code == 503
    assert count_rows()[0] == 1


def test_an_object_that_stops_half_way_releases_nothing(database: Database, kept: Kept) -> None:
    ref, document = add()
    sealed = kept.contents()[store.path_of(document)]
    with (
        lend_half_an_answer(sealed[:70_000], claimed=len(sealed)) as url,
        override_settings(**kept.settings(url=url)),
    ):
        answer = cast.person("ben").get(f"records/{ref}/documents/{document}")
    assert (answer.status_code, answer.json()["code"], answer.streaming) == (503, "store_down", False)


def test_a_store_that_dies_during_an_upload_leaves_nothing_in_the_database(
    database: Database, kept: Kept, objects: Objects
) -> None:
    ref = telling.raise_concern()
    before = count_rows()

    def cut_off() -> Iterator[bytes]:
        yield LONG
        objects.kill()
        yield LONG

    upload = documents.Upload("kettle.txt", "text/plain", cut_off())
    with pytest.raises(errors.StoreDown):
        documents.add_document(ref, upload, by=cast.person("amina").keyholder())
    assert count_rows() == before


def test_a_file_refused_after_parts_of_it_were_stored_leaves_nothing_in_the_bucket(
    database: Database, kept: Kept
) -> None:
    ref = telling.raise_concern()
    with override_settings(CONFER_DOCUMENT_LIMIT=2 * PART):
        assert cast.person("amina").upload(ref, b"y" * (3 * PART)).status_code == 413
    assert cast.person("amina").upload(ref, b"y" * (2 * PART) + b"\xff").status_code == 422
    assert kept.contents() == {}
    assert list(kept.raw.multipart_uploads.all()) == []
    assert count_rows() == (0, 0, 1)


@pytest.mark.parametrize("size", [10, PART + 10], ids=["at once", "in parts"])
def test_no_name_is_ever_written_twice_not_even_by_two_at_the_same_moment(kept: Kept, size: int) -> None:
    name, first = str(uuid.uuid4()), secrets.token_bytes(size)
    assert store.keep(name, [first]) == size
    with pytest.raises(FileExistsError):
        store.keep(name, [b"second"])
    storage = storages["default"]
    assert isinstance(storage, Bucket)
    assert storage.refuses_second_writing(store.path_of(name))  # past our own looking first
    assert b"".join(store.read(name)) == first


def test_in_a_folder_no_name_is_written_twice_either(database: Database) -> None:
    name = str(uuid.uuid4())
    store.keep(name, [b"first"])
    with pytest.raises(FileExistsError):
        store.keep(name, [b"second"])
    assert [path.name for path in (database.data / "media").rglob("*") if path.is_file()] == [name]
    assert b"".join(store.read(name)) == b"first"


def test_a_full_disk_is_a_store_that_is_down_and_leaves_nothing(database: Database) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(store.Unreachable):
            store.keep(str(uuid.uuid4()), [bytes(64 * 1024)] * 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path for path in (database.data / "media").rglob("*") if path.is_file()] == []


def test_memory_stays_the_same_however_long_a_file_is(kept: Kept) -> None:
    def measure(size: int) -> int:
        """The most memory held while so many bytes are kept and read again."""
        name, chunk = str(uuid.uuid4()), secrets.token_bytes(64 * 1024)
        tracemalloc.start()
        try:
            store.keep(name, (chunk for _ in range(size // len(chunk))))
            assert sum(len(each) for each in store.read(name)) == size
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    measure(2 * PART)  # what the library makes once
    short, long = measure(4 * PART), measure(16 * PART)
    assert long < short + PART
    assert long < 5 * PART


def test_the_command_says_whether_it_made_the_bucket_and_does_nothing_for_files(kept: Kept) -> None:
    def say() -> str:
        said = io.StringIO()
        call_command("make_bucket", stdout=said)
        return said.getvalue()

    assert "was there, and keeps its promises" in say()
    with override_settings(**kept.settings(name=f"{kept.name}-2")):
        assert "was made, and keeps its promises" in say()
    with override_settings(STORAGES=settings.STORAGES | {"default": environment.parse_store("", "")}):
        assert "Nothing to do" in say()
    assert kept.contents() == {}


def test_the_command_refuses_a_bucket_that_is_public_and_a_store_that_is_down(kept: Kept, objects: Objects) -> None:
    everyone = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{kept.name}/*",
    }
    kept.raw.Policy().put(Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
    with pytest.raises(CommandError, match="strangers"):
        call_command("make_bucket")
    assert kept.contents() == {}
    objects.kill()
    with pytest.raises(CommandError, match="does not do what it is asked"):
        call_command("make_bucket")


@pytest.mark.parametrize(
    "address",
    [
        "minio://confer",
        "s3://",
        "s3://Confer",
        "s3://confer/folder",
        "s3://id:secret@confer",
        "s3://confer?endpoint=",
        "s3://confer?endpoint=objects:9000",
        "s3://confer?endpoint=https://id:secret@objects.example.org",
        "s3://confer?endpoint=https://objects.example.org/path",
        "s3://confer?region=",
        "s3://confer?acl=public-read",
        "s3://confer?region",
    ],
)
def test_an_address_that_cannot_be_understood_is_refused(address: str, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("an-id\na-secret\n", encoding="ascii")
    with pytest.raises(ImproperlyConfigured, match="CONFER_STORE"):
        environment.parse_store(address, str(credentials))


@pytest.mark.parametrize("content", [None, "", "an-id\n", "an-id\na-secret\nmore\n"])
def test_without_both_lines_of_its_credentials_no_bucket_is_used(content: str | None, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    if content is not None:
        credentials.write_text(content, encoding="ascii")
    with pytest.raises(ImproperlyConfigured, match="two lines"):
        environment.parse_store("s3://confer", str(credentials))


def test_the_environment_puts_documents_in_the_bucket_it_names(kept: Kept) -> None:
    code = "import exchange.settings as s; print(s.STORAGES['default']['BACKEND'])"
    named = {"CONFER_STORE": "s3://confer?region=eu-west-2", "CONFER_STORE_CREDENTIALS_FILE": str(kept.credentials)}
    environ = os.environ | named
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=bootstrap.ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "exchange.bucket.Bucket"
