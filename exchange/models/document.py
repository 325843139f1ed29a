"""Documents: sealed files, and the records that hold their keys."""

import uuid

from django.db import models


class Document(models.Model):
    """One sealed file on disk or in the object store, under a name that says nothing."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed_size = models.BigIntegerField()
    made_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class DocumentHolding(models.Model):
    """A record holds a document: its key sealed under the record's key, its name and type likewise."""

    record = models.ForeignKey("exchange.Record", on_delete=models.PROTECT, related_name="holdings")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="holdings")
    sealed_key = models.BinaryField(max_length=1024)
    sealed_description = models.BinaryField(max_length=8192)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["record", "document"], name="one_holding_per_record"),)

    def __str__(self) -> str:
        return str(self.pk)
