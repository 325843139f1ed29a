"""What the journeys are told with: one fictional concern, and what is decided about it, in the API's own shapes."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests import cast

CHILD, MOTHER, NEIGHBOUR = "Zebedee Quill", "Mary Quill", "Nora Thistle"
BRUISE, WORDS, HEARSAY = (
    "A bruise the size of a hand on the upper arm.",
    "'I am not to say.'",
    "A neighbour hears shouting on Thursdays.",
)
NOTE = "Body map drawn by the school nurse.\n" * 40
REASON = "The mark and the account of it do not match."


def write_concern(**changes: Any) -> dict[str, Any]:
    """A concern about one child: three people, three statements."""
    today = timezone.localdate().isoformat()
    return {
        "title": "Bruise seen at school",
        "people": [
            {"id": "child", "role": "child", "name": CHILD, "date_of_birth": "2018-05-04"},
            {"id": "mother", "role": "mother", "name": MOTHER},
            {"id": "neighbour", "role": "informant", "name": NEIGHBOUR},
        ],
        "statements": [
            _state("s1", "FACT_WITNESSED", "INJURY", today, BRUISE),
            _state("s2", "CHILD_WORDS", "CHILD_VOICE", today, WORDS),
            _state("s3", "THIRD_PARTY_REPORT", "CONCERN_NOW", today, HEARSAY),
        ],
        **changes,
    }


def raise_concern(owner: str = "amina", **changes: Any) -> str:
    """Raise it through the API; its reference."""
    asked = {"urgency": "RED", "concern": write_concern(**changes)}
    return str(cast.person(owner).do("concerns", asked)["ref"])


def add_note(ref: str, owner: str = "amina") -> str:
    """Add a document to it (its version goes up by one); the document's id."""
    answer = cast.person(owner).upload(ref, NOTE.encode(), name="body map.txt")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["document"])


def plan(to: str, **changes: Any) -> dict[str, Any]:
    """A share of the child and the first statement with one of the cast's teams."""
    return {"team": cast.team(to), "people": ["child"], "statements": ["s1"], **changes}


def decide_to_share(ref: str, *shares: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole decision to share: the mother has not been told, because of risk of harm."""
    later = (timezone.localdate() + timedelta(days=7)).isoformat()
    exception = {"person": "mother", "reason": "Risk.", "exceptions": ["EXC_RISK_OF_HARM"], "review_date": later}
    return {
        "concern": ref,
        "concern_version": 1,
        "edition": "",
        "ending": "share",
        "outcome": "SHARED_PARTIAL",
        "purpose": "MASH",
        "urgency": "RED",
        "reason": REASON,
        "basis": {
            "lawful_basis": "A6_1E_PUBLIC_TASK",
            "conditions": ["A9_2G_P18_SAFEGUARDING"],
            "para18_reason": "P18_WOULD_PREJUDICE_PROTECTION",
        },
        "necessity": "They cannot decide on a check without it.",
        "risk_of_sharing": "The family may feel watched.",
        "risk_of_not_sharing": "A further injury.",
        "agreements": [{**exception, "status": "NOT_SOUGHT_UNSAFE"}],
        "informing": [{**exception, "status": "NOT_INFORMED"}],
        "shares": list(shares),
        **changes,
    }


def decide_not_to_share(ref: str, **changes: Any) -> dict[str, Any]:
    """A whole decision not to share."""
    return {
        "concern": ref,
        "concern_version": 1,
        "edition": "",
        "ending": "do_not_share",
        "outcome": "NOT_SHARED",
        "urgency": "GREEN",
        "not_shared_reason": "ALREADY_HELD_BY_RECIPIENT",
        "reason": "The health visitor was in the room and has recorded it herself.",
        "review_date": (timezone.localdate() + timedelta(days=14)).isoformat(),
        **changes,
    }


def share(*shares: dict[str, Any], owner: str = "amina", **changes: Any) -> list[str]:
    """Raise and share in one go; the references of what each recipient was given, in order."""
    body = decide_to_share(raise_concern(owner), *shares, **changes)
    return list(cast.person(owner).do("decisions", body)["disclosures"])


def write_emergency(*to: str, **changes: Any) -> dict[str, Any]:
    """An emergency call to teams of the cast."""
    return {
        "child": CHILD,
        "what": "Left the building with a man who is not to collect him.",
        "teams": [cast.team(name) for name in to],
        "do_not_discuss_with": MOTHER,
        **changes,
    }


def _state(name: str, kind: str, category: str, on: str, text: str) -> dict[str, Any]:
    return {"id": name, "type": kind, "category": category, "event_date": on, "text": text, "people": ["child"]}
