"""Agencies and the information-sharing agreements between them."""

import uuid

from django.db import models


class Agency(models.Model):
    """An organisation that looks after children. Closed when it ends, never deleted: the log still names it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    sector = models.CharField(max_length=20)
    registration = models.CharField(max_length=60, blank=True)
    telephone = models.CharField(max_length=30, blank=True)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Agreement(models.Model):
    """An information-sharing agreement: advice for whoever decides, never a lock."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    reference = models.CharField(max_length=60, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    agencies = models.ManyToManyField(Agency, related_name="agreements")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="agreement_ends_after_it_starts",
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
            ),
        )

    def __str__(self) -> str:
        return self.title
