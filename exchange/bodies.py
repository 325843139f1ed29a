"""What is inside a sealed body: concerns, decisions, renditions and answers, with every size bounded.

Each is decoded strictly (unknown fields refused) when it is opened, and encoded as canonical JSON when it is sealed.
Codes are checked against the edition by the act that seals, not here.
"""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

Code = Annotated[str, Meta(max_length=60, pattern=r"^[A-Z0-9_]*$")]
LocalId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,35}$")]
Line = Annotated[str, Meta(max_length=200)]
LongLine = Annotated[str, Meta(max_length=500)]  # a line of ours that holds names as long as they may be
Text = Annotated[str, Meta(max_length=20_000)]
VersionNumber = Annotated[int, Meta(ge=1, le=1_000_000)]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all bodies share: frozen, strict."""


class Identifier(Shape, frozen=True, kw_only=True):
    """A number that points to a person: NHS number, UPN and the like."""

    type: Code
    value: Line


class CasePerson(Shape, frozen=True, kw_only=True):
    """Someone a concern is about or mentions. `absent` says why a field is empty: not asked, unknown, none."""

    id: LocalId
    role: Annotated[str, Meta(max_length=40)]
    name: Line
    aliases: Annotated[list[Line], Meta(max_length=20)] = []
    date_of_birth: date | None = None
    expected_on: date | None = None
    identifiers: Annotated[list[Identifier], Meta(max_length=20)] = []
    parental_responsibility: Line = ""
    address: Annotated[str, Meta(max_length=500)] = ""
    telephone: Line = ""
    note: Text = ""
    absent: Annotated[dict[str, Code], Meta(max_length=20)] = {}


class Statement(Shape, frozen=True, kw_only=True):
    """One dated, typed, categorised piece of a concern."""

    id: LocalId
    type: Code
    category: Code
    verification: Code = "UNVERIFIED"
    event_date: date | None = None
    text: Text
    source: Line = ""
    people: Annotated[list[LocalId], Meta(max_length=50)] = []


class Concern(Shape, frozen=True, kw_only=True):
    """A team's record of its worry about one or more children."""

    title: Line
    people: Annotated[list[CasePerson], Meta(min_length=1, max_length=60)]
    statements: Annotated[list[Statement], Meta(max_length=500)] = []
    child_voice_absence: Code = ""


class Agreement(Shape, frozen=True, kw_only=True):
    """Whether one person agreed to this share, and what was done about a refusal."""

    person: LocalId
    status: Code
    reason: Text = ""
    exceptions: Annotated[list[Code], Meta(max_length=5)] = []
    review_date: date | None = None


class Informing(Shape, frozen=True, kw_only=True):
    """Whether one person was told of this share, before or after; or which exception applies."""

    person: LocalId
    status: Code
    reason: Text = ""
    exceptions: Annotated[list[Code], Meta(max_length=5)] = []
    review_date: date | None = None


class Advice(Shape, frozen=True, kw_only=True):
    """Advice that was sought, from whom, and whether the child was named."""

    adviser: Line
    role: Line = ""
    given_on: date
    said: Text
    child_was_named: bool = False


class Basis(Shape, frozen=True, kw_only=True):
    """The lawful basis and what goes with it, as codes of the edition."""

    lawful_basis: Code
    conditions: Annotated[list[Code], Meta(max_length=5)] = []
    gateways: Annotated[list[Code], Meta(max_length=10)] = []
    recognised_interest: Code = ""
    para18_reason: Code = ""
    confidence_exit: Code = ""


class SharePlan(Shape, frozen=True, kw_only=True):
    """One recipient and exactly what they are to be given. Either `team` or `person` is set (uuid text)."""

    team: Annotated[str, Meta(max_length=36)] = ""
    person: Annotated[str, Meta(max_length=36)] = ""
    people: Annotated[list[LocalId], Meta(max_length=60)] = []
    statements: Annotated[list[LocalId], Meta(max_length=500)] = []
    documents: Annotated[list[Annotated[str, Meta(max_length=36)]], Meta(max_length=50)] = []
    message: Text = ""
    banner: Annotated[list[Line], Meta(max_length=10)] = []
    handling: Annotated[list[Code], Meta(max_length=5)] = []
    expires_on: date | None = None
    channel: Code = "EXCHANGE"
    spoken_to: Line = ""
    verified_how: Line = ""


class Decision(Shape, frozen=True, kw_only=True):
    """The signed, dated reasoning to share or not to share."""

    concern: Line
    concern_version: VersionNumber
    edition: Line
    ending: Annotated[str, Meta(max_length=20)]
    outcome: Code
    trigger: Code = "OWN_INITIATIVE"
    purpose: Code = ""
    urgency: Code = "GREEN"
    reason: Text
    not_shared_reason: Code = ""
    basis: Basis | None = None
    necessity: Text = ""
    risk_of_sharing: Text = ""
    risk_of_not_sharing: Text = ""
    agreements: Annotated[list[Agreement], Meta(max_length=60)] = []
    informing: Annotated[list[Informing], Meta(max_length=60)] = []
    advice: Annotated[list[Advice], Meta(max_length=20)] = []
    shares: Annotated[list[SharePlan], Meta(max_length=20)] = []
    review_date: date | None = None
    second_signature: bool = False
    completes: Line = ""


class SharedDocument(Shape, frozen=True, kw_only=True):
    """A document as its reader sees it in a list."""

    id: Annotated[str, Meta(max_length=36)]
    name: Line
    type: Line
    size: int


class Rendition(Shape, frozen=True, kw_only=True):
    """What one recipient is given: nothing but the chosen parts, behind the handling banner."""

    banner: Annotated[list[LongLine], Meta(max_length=80)]
    handling: Annotated[list[Code], Meta(max_length=5)] = []
    from_person: Line
    from_team: Line
    from_agency: Line
    to: LongLine
    purpose: Code
    basis: Basis | None = None
    urgency: Code
    message: Text = ""
    people: Annotated[list[CasePerson], Meta(max_length=60)] = []
    statements: Annotated[list[Statement], Meta(max_length=500)] = []
    documents: Annotated[list[SharedDocument], Meta(max_length=50)] = []
    withheld: int = 0
    channel: Code = "EXCHANGE"
    spoken_to: Line = ""
    expires_on: date | None = None


class Answer(Shape, frozen=True, kw_only=True):
    """What a recipient tells the sender came of it."""

    disclosure: Line
    text: Text


class DocumentDescription(Shape, frozen=True, kw_only=True):
    """A document's name and type, kept sealed, with the blinded hash of its plaintext that manifests carry."""

    name: Line
    type: Line
    size: int
    blind: Annotated[str, Meta(max_length=64)]
    commitment: Annotated[str, Meta(max_length=64)]
