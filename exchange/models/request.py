"""What is remembered of a request so that sending it twice does it once: a keyed MAC, a status and a reference."""

from django.db import models


class IdempotencyKey(models.Model):
    """Never a response: the second asking reads what the first made, through the same permissions."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    mac = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    ref = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "key"], name="one_request_per_key"),)
        indexes = (models.Index(fields=["made_at"], name="idempotency_made"),)

    def __str__(self) -> str:
        return str(self.pk)
