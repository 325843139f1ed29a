"""Records: a clear envelope each, sealed versions behind it, and guardian's permission rows.

The envelope holds references, codes, times and teams; never a name, a sentence or a kind of harm.
"""

import uuid

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

CONCERN, DECISION, DISCLOSURE, ANSWER = "concern", "decision", "disclosure", "answer"


class Record(models.Model):
    """Anything that can be opened. `about` is what it came from: a decision's concern, a disclosure's decision."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.CharField(max_length=14, unique=True)
    kind = models.CharField(max_length=12, choices=[(k, k) for k in (CONCERN, DECISION, DISCLOSURE, ANSWER)])
    owner = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="records")
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    about = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="consequences")
    urgency = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        permissions = (("record:open", "May open the record"),)
        indexes = (
            models.Index(fields=["owner", "kind", "-made_at"], name="record_owner_kind_made"),
            models.Index(fields=["kind", "-made_at"], name="record_kind_made"),
        )

    def __str__(self) -> str:
        return self.ref


class RecordUserPermission(UserObjectPermissionBase):
    """Guardian's half of a grant to one person."""

    content_object = models.ForeignKey(Record, on_delete=models.CASCADE)


class RecordGroupPermission(GroupObjectPermissionBase):
    """Guardian's half of a grant to a team (through its group)."""

    content_object = models.ForeignKey(Record, on_delete=models.CASCADE)


class RecordVersion(models.Model):
    """One sealed body of a record and the signed manifest that says whose it is. Versions are only ever added.

    `manifest` is canonical JSON of ids, key fingerprints and blinded hashes; `signature` is the author's, empty for
    an answer by a service, which signs nothing.
    """

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField(max_length=4_300_000)
    manifest = models.BinaryField(max_length=1_000_000)
    signature = models.BinaryField(max_length=4096, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["record", "number"], name="one_body_per_version"),)

    def __str__(self) -> str:
        return f"{self.record_id}/{self.number}"


class Decision(models.Model):
    """The clear half of a decision: which way it ended, and its clocks."""

    SHARE, DO_NOT_SHARE, EMERGENCY = "share", "do_not_share", "emergency"
    SIGNED, AWAITING = "signed", "awaiting"

    record = models.OneToOneField(Record, on_delete=models.PROTECT, primary_key=True, related_name="decision")
    ending = models.CharField(max_length=14, choices=[(e, e) for e in (SHARE, DO_NOT_SHARE, EMERGENCY)])
    state = models.CharField(max_length=10, choices=[(s, s) for s in (SIGNED, AWAITING)], default=SIGNED)
    edition = models.CharField(max_length=60)
    review_on = models.DateField(null=True, blank=True)
    countersigned_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    countersigned_at = models.DateTimeField(null=True, blank=True)
    countersignature = models.BinaryField(max_length=4096, null=True, blank=True)
    complete_by = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    chased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["complete_by"], condition=models.Q(completed_at__isnull=True), name="decision_incomplete"
            ),
            models.Index(fields=["review_on"], name="decision_review_on"),
        )

    def __str__(self) -> str:
        return str(self.record_id)


class Disclosure(models.Model):
    """The clear half of a disclosure: to whom, by which channel, and its clocks. Exactly one recipient."""

    record = models.OneToOneField(Record, on_delete=models.PROTECT, primary_key=True, related_name="disclosure")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="disclosures")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="disclosures")
    channel = models.CharField(max_length=20)
    sent_at = models.DateTimeField()
    acknowledge_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    chased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_disclosure_has_one_recipient",
                condition=models.Q(team__isnull=False, person__isnull=True)
                | models.Q(team__isnull=True, person__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=["team", "-sent_at"], name="disclosure_team_sent"),
            models.Index(fields=["person", "-sent_at"], name="disclosure_person_sent"),
            models.Index(
                fields=["acknowledge_by"],
                condition=models.Q(acknowledged_at__isnull=True),
                name="disclosure_unacknowledged",
            ),
            models.Index(fields=["expires_at"], condition=models.Q(ended_at__isnull=True), name="disclosure_expiring"),
        )

    def __str__(self) -> str:
        return str(self.record_id)
