"""People who sign in, and the invitations that bring them."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


class People(BaseUserManager["Person"]):
    """Looks people up by their work address, which is stored in lower case."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        """The person with this work address. Raises `Person.DoesNotExist`."""
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser, PermissionsMixin):
    """Someone (or some service) that signs in. Closed when they leave, never deleted.

    There is no password column: the passphrase exists only as the keys it unlocks (`SealedSecrets`).
    """

    password = None  # type: ignore[assignment]  # the base class's column is dropped on purpose
    last_login = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey("accounts.Agency", on_delete=models.PROTECT, related_name="people")
    name = models.CharField(max_length=120)
    email = models.EmailField(unique=True)
    job_title = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=[("person", "person"), ("service", "service")], default="person")
    engagement = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = (
            # guardian answers yes to everything for a superuser, so the database refuses to hold one.
            models.CheckConstraint(name="no_person_is_superuser", condition=models.Q(is_superuser=False)),
            models.CheckConstraint(
                name="person_leaves_after_arriving",
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
        )
        indexes = (models.Index(fields=["valid_until"], name="person_valid_until"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django's is a class attribute; ours is a fact of the dates
        """Whether this person is engaged today: not closed, arrived, not yet left."""
        today = timezone.localdate()
        return (
            self.closed_at is None
            and self.valid_from <= today
            and (self.valid_until is None or today <= self.valid_until)
        )


class Invitation(models.Model):
    """A single-use link that lets one named person make their keys. Only a hash of its secret is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="invitations")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=20)
    founding = models.BooleanField(default=False)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.id)
