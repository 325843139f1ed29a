"""Where sealed files rest when `CONFER_STORE` names a bucket: anything that speaks S3, asked as little as will do.

A file is a private object that is written once. It travels in parts of a few MiB, so memory stays the same however
long it is, and it comes back as it arrives: nothing of it touches the disk here.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from storages.backends.s3 import S3Storage

from exchange.store import Unreachable

PART = 5 * 1024 * 1024  # bytes; S3 takes no smaller part
WRITING = ("PutObject", "CompleteMultipartUpload")
ASKING = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},  # every server understands it, and no bucket needs a name in the DNS
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 2},  # whoever waits for an answer gets one within the minute
    request_checksum_calculation="when_required",  # what is stored is read back and verified: see documents.py
    response_checksum_validation="when_required",
    proxies={},  # no variable of the environment but our own says where sealed bytes go
)
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_logger = logging.getLogger(__name__)


class Bucket(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """One private bucket. Its options are bucket_name, endpoint_url, region_name, access_key and secret_key."""

    def get_default_settings(self) -> dict[str, Any]:
        """What holds for every bucket: no public list of who may read, no address that carries a permission."""
        common: dict[str, Any] = super().get_default_settings()
        return common | {
            "default_acl": None,
            "querystring_auth": False,
            "file_overwrite": False,
            "client_config": ASKING,
            "transfer_config": TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False),
        }

    @property
    def connection(self) -> Any:  # noqa: ANN401 - boto3 makes its classes as it runs
        """This thread's connection, which asks the bucket itself to refuse a second writing of a name."""
        connection = super().connection
        for operation in WRITING:
            connection.meta.client.meta.events.register(
                f"before-parameter-build.s3.{operation}", _refuse_second_writing, unique_id=f"confer-{operation}"
            )
        return connection

    def make(self) -> bool:
        """Make the bucket if there is none; whether it was made. Raises `Unreachable`."""
        with _asking():
            if self._is_there():
                return False
            where = {"LocationConstraint": self.region_name}
            # The first region of all is the one that must not be named.
            given = {} if self.region_name == "us-east-1" else {"CreateBucketConfiguration": where}
            self.connection.meta.client.create_bucket(Bucket=self.bucket_name, **given)
            return True

    def shows_strangers(self, name: str) -> bool:
        """Whether somebody without credentials is given the object. Raises `Unreachable`."""
        with _asking():
            try:
                self.unsigned_connection.Object(self.bucket_name, name).get()["Body"].close()
            except ClientError:
                return False
        return True

    def refuses_second_writing(self, name: str) -> bool:
        """Whether the server itself refuses to write over this object, at once or in parts. Raises `Unreachable`."""
        for size in (1, PART + 1):
            try:
                self._save(name, ContentFile(bytes(size)))
            except FileExistsError:
                continue
            return False
        return True

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself, never another. Raises `FileExistsError` when it is taken, `Unreachable`."""
        del max_length
        if self.exists(name):
            raise FileExistsError("The bucket has an object of that name already.")
        return name

    def exists(self, name: str) -> bool:
        """Whether there is such an object. Raises `Unreachable`."""
        with _asking():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Remove an object, if it is there. Raises `Unreachable`."""
        with _asking():
            super().delete(name)

    def url(self, name: str, *_arguments: object, **_options: object) -> str:
        """None: no sealed file has an address."""
        raise NotImplementedError("Sealed files are never served by address.")

    def _save(self, name: str, content: Any) -> str:  # noqa: ANN401 - as the class it overrides
        with _asking():
            return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> File:  # type: ignore[type-arg]  # as in store.py
        del mode
        with _asking():
            return _Arriving(self.bucket.Object(name).get()["Body"], name)

    def _is_there(self) -> bool:
        try:
            self.connection.meta.client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004 - HTTP's own
                return False
            raise
        return True


class _Arriving(File):  # type: ignore[type-arg]  # as in store.py
    """An object as it arrives, read once."""

    def __init__(self, body: Any, name: str) -> None:  # noqa: ANN401 - boto3 makes its classes as it runs
        super().__init__(body, name=name)
        self._body = body

    def read(self, num_bytes: int | None = None) -> bytes:
        """Up to `num_bytes` more. Raises `Unreachable` when they stop coming."""
        with _asking():
            return bytes(self._body.read(num_bytes))


def _refuse_second_writing(params: dict[str, Any], **_told: object) -> None:
    params["IfNoneMatch"] = "*"


@contextmanager
def _asking() -> Iterator[None]:
    """Say in our own words what the bucket's answer means. Its words go no further: they may quote what was sent."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _TAKEN:
            raise FileExistsError("The bucket has an object of that name already.") from None
        if code == "NoSuchKey":
            raise FileNotFoundError("The bucket has no object of that name.") from None
        raise _unreachable(code) from None
    except (BotoCoreError, Boto3Error) as error:
        raise _unreachable(type(error).__name__) from None


def _unreachable(why: str) -> Unreachable:
    _logger.error("The object store did not do what it was asked: %s", why)
    return Unreachable("The object store did not do what it was asked.")
