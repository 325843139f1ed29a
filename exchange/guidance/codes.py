"""The kinds of code an edition holds. All are frozen; every one has a code, a label, a citation and a status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar

from exchange.guidance.errors import UnknownCode

Status = Literal["verified", "unverified"]
Regime = Literal["PART2", "PART3"]
ExceptionRule = Literal["required", "allowed", "none"]
GatewayKind = Literal["DUTY", "POWER", "BINDING_REQUEST", "REQUEST", "DEFINITION", "MIXED"]
Takes = Literal["nothing", "date"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code: what it is called in plain English, where it comes from, and whether that source was seen."""

    code: str
    label: str
    citation: str
    status: Status


@dataclass(frozen=True, slots=True)
class RecipientRole(Code):
    """A kind of recipient. `casework` is false for roles that assure and inspect, and so take no part in a case."""

    casework: bool


@dataclass(frozen=True, slots=True)
class Purpose(Code):
    """Why something is shared: the roles that normally receive it, and what may be known of it in the clear.

    `envelope` is the coarse word the clear envelope carries; `expiry_days` is the default life of a grant, in days.
    """

    roles: tuple[str, ...]
    envelope: str
    expiry_days: int


@dataclass(frozen=True, slots=True)
class Clock(Code):
    """How many clock hours the recipient has to acknowledge. `configurable` means that a partnership sets its own."""

    hours: int
    configurable: bool


@dataclass(frozen=True, slots=True)
class TellingException(Code):
    """A ground for not speaking first. `one_of_four` is false for a ground that delays but is not one of the four."""

    one_of_four: bool


@dataclass(frozen=True, slots=True)
class AgreementStatus(Code):
    """Where one person's agreement stands, and what signing then asks.

    `reason_prompt` is the sentence that asks for the reason, or None when no reason is asked.
    """

    reason_prompt: str | None
    exception: ExceptionRule
    needs_review_date: bool
    blocks_signing: bool

    @property
    def needs_reason(self) -> bool:
        """Whether signing asks for a reason in words."""
        return self.reason_prompt is not None


@dataclass(frozen=True, slots=True)
class InformedStatus(Code):
    """What one person has been told, what signing then asks, and the banner that travels with the record (or None)."""

    reason_prompt: str | None
    exception: ExceptionRule
    needs_review_date: bool
    banner: str | None

    @property
    def needs_reason(self) -> bool:
        """Whether signing asks for a reason in words."""
        return self.reason_prompt is not None

    def banner_for(self, person: str) -> str | None:
        """Return the handling banner with the person named in it ("Mother has NOT been told. ..."), or None."""
        # replace, not format: a name is not a format string.
        return None if self.banner is None else self.banner.replace("{person}", person)


@dataclass(frozen=True, slots=True)
class LawfulBasis(Code):
    """A basis under UK GDPR Article 6 (PART2) or for law enforcement (PART3)."""

    regime: Regime
    needs_recognised_interest: bool
    for_public_authority: bool


@dataclass(frozen=True, slots=True)
class Condition(Code):
    """A condition for special category data (PART2) or sensitive processing (PART3)."""

    regime: Regime
    needs_para18_reason: bool


@dataclass(frozen=True, slots=True)
class Gateway(Code):
    """A statutory power or duty to share.

    `commencement` is "in_force", "awaited" (no date known), or the day from which it applies.
    """

    kind: GatewayKind
    commencement: date | Literal["in_force", "awaited"]

    def is_in_force(self, on: date) -> bool:
        """Whether the gateway may be relied on that day."""
        if isinstance(self.commencement, date):
            return on >= self.commencement
        return self.commencement == "in_force"


@dataclass(frozen=True, slots=True)
class NotSharedReason(Code):
    """Why nothing was shared; some grounds are not one person's to decide."""

    needs_second_signature: bool


@dataclass(frozen=True, slots=True)
class Outcome(Code):
    """How a decision ended. `shared` is true when a disclosure follows."""

    shared: bool
    needs_not_shared_reason: bool


@dataclass(frozen=True, slots=True)
class Channel(Code):
    """How a disclosure travelled. Only `gives_grant` channels give a key; the others are recorded afterwards."""

    gives_grant: bool


@dataclass(frozen=True, slots=True)
class HandlingCondition(Code):
    """What the recipient must or must not do; some conditions take a date."""

    takes: Takes


@dataclass(frozen=True, slots=True)
class AgencyKind(Code):
    """A kind of agency. `takes_emergencies` marks police and social care: no emergency share to them is blocked."""

    takes_emergencies: bool


C_co = TypeVar("C_co", bound=Code, covariant=True)


class CodeList(Mapping[str, C_co], Generic[C_co]):
    """One list of an edition, by code, in the order of the file. A missing code raises UnknownCode, naming the list."""

    __slots__ = ("_codes", "name")

    def __init__(self, name: str, codes: tuple[C_co, ...]) -> None:
        self.name = name
        self._codes = {code.code: code for code in codes}

    def __getitem__(self, key: str) -> C_co:
        try:
            return self._codes[key]
        except (KeyError, TypeError):
            raise UnknownCode(self.name, key, self._codes) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __repr__(self) -> str:
        return f"<CodeList {self.name}: {len(self)} codes>"
