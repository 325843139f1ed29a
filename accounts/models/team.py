"""Teams and who belongs to them."""

import uuid

from django.contrib.auth.models import Group
from django.db import models

DESK, AUDIT_OFFICE, EXCHANGE_OFFICE = "desk", "audit", "exchange"
PRACTITIONER, LEAD, AUDITOR, ADMINISTRATOR = "practitioner", "lead", "auditor", "administrator"


class Team(models.Model):
    """The group inside an agency to which things are addressed; an audit office is a team of auditors.

    `group` is what guardian grants to: memberships that may read are mirrored into it in the same act.
    `renewal_due_since` is set when a reader was cut: from then on nothing new is wrapped under the present
    epoch, until a lead begins the next one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey("accounts.Agency", on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=120)
    kind = models.CharField(
        max_length=10,
        choices=[(DESK, "desk"), (AUDIT_OFFICE, "audit office"), (EXCHANGE_OFFICE, "the exchange's audit office")],
        default=DESK,
    )
    remit = models.CharField(max_length=240, blank=True)
    email = models.EmailField(blank=True)
    telephone = models.CharField(max_length=30, blank=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="team")
    renewal_due_since = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["agency", "name"], name="team_name_once_per_agency"),
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(kind=EXCHANGE_OFFICE), name="one_exchange_office"
            ),
            models.UniqueConstraint(
                fields=["agency"], condition=models.Q(kind=AUDIT_OFFICE), name="one_audit_office_per_agency"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one team, from admission until it ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(
        max_length=20, choices=[(role, role) for role in (PRACTITIONER, LEAD, AUDITOR, ADMINISTRATOR)]
    )
    admitted_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    admitted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["team", "person", "role"],
                condition=models.Q(ended_at__isnull=True),
                name="one_live_membership_per_role",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
