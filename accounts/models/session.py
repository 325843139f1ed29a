"""Sessions, second-factor codes and the sign-in throttle."""

import uuid

from django.db import models


class Session(models.Model):
    """One signed-in person. Holds nothing that opens anything without the bearer, which is never stored.

    `encryption` is the person's encryption secret sealed under the bearer's unlock half; `signing` likewise, and
    only until `signing_until` (five minutes after sign-in or step-up).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="sessions")
    keys = models.ForeignKey("accounts.PersonKeys", on_delete=models.PROTECT, related_name="+")
    proof_hash = models.BinaryField(max_length=32)
    encryption = models.BinaryField(max_length=1024)
    signing = models.BinaryField(max_length=1024, null=True, blank=True)
    signing_until = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["person", "ended_at"], name="session_person_live"),
            models.Index(fields=["expires_at"], name="session_expires"),
        )

    def __str__(self) -> str:
        return str(self.id)


class SecondFactorCode(models.Model):
    """A single-use code that stands in for the authenticator, stored as a hash (128 random bits each)."""

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="second_factor_codes")
    code_hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "code_hash"], name="one_row_per_code"),)

    def __str__(self) -> str:
        return str(self.pk)


class SigninThrottle(models.Model):
    """Failures to sign in for one key (a keyed hash of the name or the network address), in one window."""

    key = models.BinaryField(max_length=32, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    window_began_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.blocked_until)
