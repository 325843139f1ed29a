"""Grants: one reader's permission to open one record, together with the key that lets them."""

import uuid

from django.db import models


class Grant(models.Model):
    """To one team or one person. Deleted with its keys and guardian's row when taken back: the log remembers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    record = models.ForeignKey("exchange.Record", on_delete=models.PROTECT, related_name="grants")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="grants")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="grants")
    given_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_grant_has_one_reader",
                condition=models.Q(team__isnull=False, person__isnull=True)
                | models.Q(team__isnull=True, person__isnull=False),
            ),
            models.UniqueConstraint(fields=["record", "team"], name="one_grant_per_team"),
            models.UniqueConstraint(fields=["record", "person"], name="one_grant_per_person"),
        )
        indexes = (models.Index(fields=["expires_at"], name="grant_expires"),)

    def __str__(self) -> str:
        return str(self.id)


class KeyWrap(models.Model):
    """The record's key, wrapped to a team's epoch; or, while that waits for renewal, to each member's own key."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="wraps")
    team_epoch = models.ForeignKey("accounts.TeamEpoch", on_delete=models.PROTECT, null=True, related_name="+")
    keys = models.ForeignKey("accounts.PersonKeys", on_delete=models.PROTECT, null=True, related_name="+")
    wrapped = models.BinaryField(max_length=2048)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_wrap_has_one_holder",
                condition=models.Q(team_epoch__isnull=False, keys__isnull=True)
                | models.Q(team_epoch__isnull=True, keys__isnull=False),
            ),
            models.UniqueConstraint(fields=["grant", "team_epoch"], name="one_wrap_per_epoch"),
            models.UniqueConstraint(fields=["grant", "keys"], name="one_wrap_per_person"),
        )

    def __str__(self) -> str:
        return str(self.pk)


class StandingInstruction(models.Model):
    """A lead's word that every new disclosure to their team is given to one service person as well."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="standing_instructions")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    made_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "person"], name="one_instruction_per_service"),)

    def __str__(self) -> str:
        return str(self.pk)
