"""The rows of the log. Entries, their index rows, leaves and checkpoints are append-only by trigger (see `triggers`).

Nothing here points out of this package, and nothing cascades: the log outlives everything it speaks of. Lists are kept
as canonical JSON text, so that the same list is always the same bytes on both databases.
"""

from django.db import models


class Entry(models.Model):
    """One line of the log: what happened, by whom, to which records, with what outcome."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(help_text="UTC, to the microsecond")
    person = models.CharField(max_length=36, blank=True)
    team = models.CharField(max_length=36, blank=True)
    agency = models.CharField(max_length=36, blank=True)
    event = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8)
    records = models.TextField(help_text="canonical JSON list of record references")
    parties = models.TextField(help_text='canonical JSON list such as ["team:<uuid>"]')
    detail = models.CharField(max_length=128, blank=True)
    nonce = models.BinaryField(max_length=16)
    why_commitment = models.BinaryField(max_length=32, null=True)
    request = models.CharField(max_length=36, blank=True)

    class Meta:
        """What auditors filter by, each ending in the order of the page: newest first by time, then id."""

        indexes = (
            models.Index(fields=["at", "id"], name="audit_entry_at"),
            models.Index(fields=["person", "at", "id"], name="audit_entry_person"),
            models.Index(fields=["event", "at", "id"], name="audit_entry_event"),
            models.Index(fields=["outcome", "at", "id"], name="audit_entry_outcome"),
        )

    def __str__(self) -> str:
        """Name the entry."""
        return f"entry {self.pk}"


class EntryRecord(models.Model):
    """Index row: this entry concerns this record. The time is the entry's, so that a page is one index range."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    record = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """One row for each record of each entry."""

        constraints = (models.UniqueConstraint(fields=["entry", "record"], name="audit_entryrecord_once"),)
        indexes = (models.Index(fields=["record", "at", "entry"], name="audit_entryrecord_page"),)

    def __str__(self) -> str:
        """Name the pair."""
        return f"entry {self.entry_id}, record {self.record}"


class EntryParty(models.Model):
    """Index row: this entry concerns this party, or was made by this agency."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    party = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """One row for each party of each entry."""

        constraints = (models.UniqueConstraint(fields=["entry", "party"], name="audit_entryparty_once"),)
        indexes = (models.Index(fields=["party", "at", "entry"], name="audit_entryparty_page"),)

    def __str__(self) -> str:
        """Name the pair."""
        return f"entry {self.entry_id}, {self.party}"


class Waiting(models.Model):
    """An entry that has no leaf yet. Written and removed by triggers on Entry and Leaf, so that nothing can forget it.

    It makes "entries with no leaf" a short table rather than an anti-join over the whole log every second.
    """

    entry = models.OneToOneField(Entry, on_delete=models.DO_NOTHING, related_name="+", primary_key=True)

    def __str__(self) -> str:
        """Name the entry that waits."""
        return f"entry {self.entry_id} waits"


class Leaf(models.Model):
    """An entry's place in the log: its index, the numbers of its records, and the RFC 9162 hash of all of it."""

    id = models.BigAutoField(primary_key=True)
    index = models.BigIntegerField(unique=True)
    entry = models.OneToOneField(Entry, on_delete=models.DO_NOTHING, related_name="+")
    hash = models.BinaryField(max_length=32)
    numbers = models.TextField(help_text="canonical JSON list of [record, number, previous leaf index or null]")

    def __str__(self) -> str:
        """Name the leaf."""
        return f"leaf {self.index}"


class LeafRecord(models.Model):
    """Index row: this leaf holds this number of this record's series."""

    id = models.BigAutoField(primary_key=True)
    leaf_index = models.BigIntegerField()
    record = models.CharField(max_length=64)
    number = models.BigIntegerField()

    class Meta:
        """A number is given once, and a leaf numbers a record once."""

        constraints = (
            models.UniqueConstraint(fields=["record", "number"], name="audit_leafrecord_number"),
            models.UniqueConstraint(fields=["leaf_index", "record"], name="audit_leafrecord_leaf"),
        )

    def __str__(self) -> str:
        """Name the number."""
        return f"leaf {self.leaf_index}: {self.record} number {self.number}"


class Checkpoint(models.Model):
    """The signed state of the log at one size. It has no time of its own: a time nobody signed would prove nothing."""

    id = models.BigAutoField(primary_key=True)
    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField(help_text="C2SP signed note")
    frontier = models.BinaryField(help_text="roots of the complete subtrees, largest first, 32 bytes each")

    def __str__(self) -> str:
        """Name the checkpoint."""
        return f"checkpoint {self.size}"


class SealedWhy(models.Model):
    """The reason behind an entry, sealed to one audit office. May be turned or destroyed without touching a leaf."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, on_delete=models.DO_NOTHING, related_name="+", db_index=False)
    office = models.CharField(max_length=36)
    office_epoch = models.IntegerField()
    wrapped = models.BinaryField(help_text="the content key, wrapped to the office")
    sealed = models.BinaryField(help_text="the why and its blind, under the content key")

    class Meta:
        """One for each office and epoch."""

        constraints = (
            models.UniqueConstraint(fields=["entry", "office", "office_epoch"], name="audit_sealedwhy_once"),
        )

    def __str__(self) -> str:
        """Name the pair."""
        return f"why of entry {self.entry_id} for office {self.office}"


class RefusalCount(models.Model):
    """How many refusals of one kind one minute saw, when they were too many or too anonymous for an entry each."""

    id = models.BigAutoField(primary_key=True)
    minute = models.DateTimeField(help_text="UTC, the minute's start")
    kind = models.CharField(max_length=64)
    person = models.CharField(max_length=36, blank=True)
    team = models.CharField(max_length=36, blank=True)
    agency = models.CharField(max_length=36, blank=True)
    count = models.BigIntegerField()
    logged = models.BigIntegerField(default=0, help_text="how many of them an entry already tells of")

    class Meta:
        """One row for each minute, kind and person."""

        constraints = (models.UniqueConstraint(fields=["minute", "kind", "person"], name="audit_refusalcount_once"),)

    def __str__(self) -> str:
        """Name the count."""
        return f"{self.count} x {self.kind}"
