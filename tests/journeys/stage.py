"""A stage for one act: what must already have happened, made through the API when it is first asked for."""

import hashlib
import time
from base64 import b32decode
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.apps import apps
from django.urls import URLPattern
from django.utils import timezone

from accounts import second_factor
from tests import cast
from tests.journeys import telling

ELSEWHERE = "<path:unknown>"  # the address of whatever is no address
PASSPHRASE = "lantern gravel ferret opal mitten quarry"
# Rows that say when someone was last here, or what was refused: they may change when nothing was done.
CLOCKS = {"accounts.session", "accounts.signinthrottle"}


class Stage:
    """Everything an act may need."""

    @cached_property
    def concern(self) -> str:
        """A concern of the school's, version 1."""
        return telling.raise_concern()

    @cached_property
    def document(self) -> str:
        """A document in it, which is then version 2."""
        return telling.add_note(self.concern)

    @cached_property
    def shared(self) -> Any:
        """The concern with its document, shared with the MASH."""
        plan = telling.plan("mash", documents=[self.document])
        return cast.person("amina").do("decisions", telling.decide_to_share(self.concern, plan, concern_version=2))

    @property
    def disclosure(self) -> str:
        """What the MASH was given."""
        return str(self.shared["disclosures"][0])

    @cached_property
    def answer(self) -> str:
        """What Tom answered."""
        return str(cast.person("tom").do(f"disclosures/{self.disclosure}/answers", {"text": "Seen."})["ref"])

    @cached_property
    def awaiting(self) -> str:
        """A decision to share with the MASH that waits for a second signature."""
        body = telling.decide_to_share(self.concern, telling.plan("mash"), second_signature=True)
        return str(cast.person("amina").do("decisions", body)["ref"])

    @cached_property
    def emergency(self) -> Any:
        """An emergency share with the police."""
        return cast.person("amina").do("emergencies", telling.write_emergency("caiu"))

    @cached_property
    def link(self) -> str:
        """An invitation of somebody new to the school's team; its secret."""
        return str(cast.person("grace").do("invitations", self.newcomer())["secret"])

    @cached_property
    def taken(self) -> Any:
        """What they were shown when they took it."""
        return cast.call("POST", "invitations/take", {"secret": self.link, "passphrase": PASSPHRASE}).json()

    @cached_property
    def waiting(self) -> Any:
        """The newcomer as they wait for a lead."""
        answer = cast.call("POST", "invitations/confirm", self.confirmation())
        assert answer.status_code == 204, answer.content
        return cast.person("grace").see("admissions")["results"][0]

    @cached_property
    def decided(self) -> int:
        """The entry of the signed decision to share."""
        assert self.shared
        lines = cast.person("audrey").see("log/entries", {"event": "decision:signed"})["lines"]
        return int(lines[0]["id"])

    def confirmation(self) -> dict[str, str]:
        """Everything the newcomer types back."""
        seed = b32decode(parse_qs(urlsplit(self.taken["authenticator_uri"]).query)["secret"][0])
        shown = second_factor.make_code(seed, at=time.time())
        recovery = self.taken["recovery_code"]
        return {"secret": self.link, "passphrase": PASSPHRASE, "recovery_code": recovery, "code": shown}

    def newcomer(self) -> dict[str, str]:
        """Whom Grace invites."""
        place = {"team": cast.team("hillside"), "role": "practitioner"}
        return {"name": "Noor Aziz", "email": "noor@example.org", "engagement": "EMPLOYEE", **place}

    def completion(self) -> dict[str, Any]:
        """The reasoning for the emergency, afterwards."""
        later = (timezone.localdate() + timedelta(days=7)).isoformat()
        told = {"person": "child", "reason": "Missing.", "exceptions": [], "review_date": later}
        return {
            **telling.decide_to_share(self.emergency["concern"], outcome="SHARED_EMERGENCY", purpose="STRAT"),
            "agreements": [{**told, "status": "NOT_SOUGHT_IMPRACTICABLE"}],
            "informing": [{**told, "status": "NOT_PRACTICABLE"}],
        }


def find_methods(pattern: URLPattern) -> list[str]:
    """The methods one API address has, in lower case."""
    view = getattr(pattern.callback, "cls", None)
    return [method for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)]


def photograph() -> dict[str, str]:
    """A digest of every row outside the log, table by table."""
    tables = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label != "audit"]
    return {model._meta.label_lower: _digest(model) for model in tables if model._meta.label_lower not in CLOCKS}


def _digest(model: Any) -> str:
    rows = model._default_manager.order_by("pk").values_list()
    plain = [[bytes(each) if isinstance(each, memoryview) else each for each in row] for row in rows]
    return hashlib.sha256(repr(plain).encode()).hexdigest()
