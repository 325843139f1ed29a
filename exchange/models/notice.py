"""Notices: the row is the queue. A notice says that something waits, never what or about whom."""

import uuid

from django.db import models


class Notice(models.Model):
    """One message owed to a team or a person. A worker claims it by a conditional update, sends it, marks it sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="notices")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="notices")
    ref = models.CharField(max_length=14, blank=True)
    urgent = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_notice_has_one_addressee",
                condition=models.Q(team__isnull=False, person__isnull=True)
                | models.Q(team__isnull=True, person__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                fields=["not_before"],
                condition=models.Q(sent_at__isnull=True, failed_at__isnull=True),
                name="notice_owed",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
