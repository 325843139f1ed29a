"""``manage.py make_bucket``: makes the bucket that CONFER_STORE names, if there is none, and proves it by trying."""

import secrets
import uuid
from typing import Any

from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

from exchange import store
from exchange.bucket import Bucket


class Command(BaseCommand):
    """By behaviour: a trial file is written, read, refused a second writing, kept from strangers, and removed."""

    help = (
        "Make the private bucket named in CONFER_STORE where there is none, and prove that it keeps what it is given, "
        "never writes over it, and shows it to no stranger. Example: manage.py make_bucket && manage.py serve"
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:  # noqa: ANN401 - Django's signature
        """Make and prove."""
        bucket = storages["default"]
        if not isinstance(bucket, Bucket):
            self.stdout.write("Documents rest in files (CONFER_STORE names no bucket). Nothing to do.")
            return
        try:
            made = bucket.make()
            fault = find_fault(bucket)
        except store.Unreachable:
            raise CommandError("The object store does not do what it is asked. The log line above says why.") from None
        if fault:
            raise CommandError(fault)
        self.stdout.write(f"The bucket {'was made' if made else 'was there'}, and keeps its promises.")


def find_fault(bucket: Bucket) -> str:
    """What the bucket does not do as it must, as a sentence; "" when there is nothing. Raises `Unreachable`."""
    name, trial = str(uuid.uuid4()), secrets.token_bytes(1024)
    store.keep(name, [trial])
    try:
        if b"".join(store.read(name)) != trial:
            return "The bucket does not give back what it was given."
        if bucket.shows_strangers(store.path_of(name)):
            return "The bucket shows its objects to strangers. Make it private."
        if not bucket.refuses_second_writing(store.path_of(name)):
            return "The bucket writes over what is there: its server does not know If-None-Match."
    finally:
        store.forget(name)
    return "The bucket does not remove what it is told to." if bucket.exists(store.path_of(name)) else ""
