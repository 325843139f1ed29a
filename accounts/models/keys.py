"""Keys at rest: public halves, secret halves sealed, and the signed statements that say whose they are."""

import uuid

from django.db import models


class PersonKeys(models.Model):
    """One generation of a person's two key pairs. Secret halves live in `SealedSecrets` and nowhere else.

    `pins` is sealed under a key derived from the person's own encryption secret: the root they trust and the
    latest epoch they have seen of every team, so that a rolled-back key is noticed.
    """

    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="keys")
    generation = models.PositiveIntegerField(default=1)
    encryption_public = models.BinaryField(max_length=1216)
    verifying_public = models.BinaryField(max_length=1984)
    pins = models.BinaryField(max_length=65536)
    made_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "generation"], name="one_key_pair_per_generation"),)

    def __str__(self) -> str:
        return f"{self.person_id}/{self.generation}"


class SealedSecrets(models.Model):
    """A person's secret halves, sealed under one unlock method.

    `verifier_hash` is SHA-256 of the sign-in verifier. `factor` (passphrase only) is the second factor's seed.
    """

    PASSPHRASE, RECOVERY, TOKEN = "passphrase", "recovery", "token"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    keys = models.ForeignKey(PersonKeys, on_delete=models.PROTECT, related_name="sealed_secrets")
    method = models.CharField(max_length=12, choices=[(m, m) for m in (PASSPHRASE, RECOVERY, TOKEN)])
    salt = models.BinaryField(max_length=16)
    memory_kib = models.PositiveIntegerField(default=0)
    passes = models.PositiveIntegerField(default=0)
    lanes = models.PositiveIntegerField(default=0)
    verifier_hash = models.BinaryField(max_length=32)
    encryption = models.BinaryField(max_length=1024)
    signing = models.BinaryField(max_length=1024, null=True, blank=True)
    factor = models.BinaryField(max_length=1024, null=True, blank=True)
    factor_step = models.BigIntegerField(default=0)
    label = models.CharField(max_length=60, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["keys", "method"],
                condition=models.Q(ended_at__isnull=True) & ~models.Q(method="token"),
                name="one_live_seal_per_method",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class KeyStatement(models.Model):
    """Whose key this is, signed by the lead who vouched for it. `body` is the canonical JSON that was signed.

    The columns beside `body` are an index only; whoever trusts a statement reads the body and checks the chain.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    subject = models.CharField(max_length=60)
    epoch = models.PositiveIntegerField()
    signer = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.BinaryField(max_length=16384)
    signature = models.BinaryField(max_length=4096)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subject", "epoch"], name="one_statement_per_epoch"),)

    def __str__(self) -> str:
        return self.digest


class TeamEpoch(models.Model):
    """A team's encryption pair for one epoch: the public half; the secret half is wrapped to each member."""

    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="epochs")
    epoch = models.PositiveIntegerField()
    public = models.BinaryField(max_length=1216)
    statement = models.OneToOneField(KeyStatement, on_delete=models.PROTECT, related_name="team_epoch")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team", "epoch"], name="one_pair_per_epoch"),)

    def __str__(self) -> str:
        return f"{self.team_id}/{self.epoch}"


class TeamKeyWrap(models.Model):
    """A team epoch's secret, wrapped to one member. Deleted the moment that member is cut."""

    team_epoch = models.ForeignKey(TeamEpoch, on_delete=models.PROTECT, related_name="wraps")
    keys = models.ForeignKey(PersonKeys, on_delete=models.PROTECT, related_name="team_wraps")
    wrapped = models.BinaryField(max_length=2048)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["team_epoch", "keys"], name="one_wrap_per_member"),)

    def __str__(self) -> str:
        return str(self.pk)
