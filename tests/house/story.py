"""One case told through every field the API has: raised, decided, shared, answered; each text a word of its own."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests import cast
from tests.house.doors import Answer, Door
from tests.house.words import Words

DOCUMENT_LINES = 6000  # over 64 KiB, so that the sealed file has more than one chunk


@dataclass
class Told:
    """What the telling made. ``openings`` are the addresses of everything sealed, and who may open it."""

    concern: str = ""
    document: str = ""
    decision: str = ""
    refusal: str = ""
    emergency: str = ""
    emergency_concern: str = ""
    to_mash: str = ""
    to_police: str = ""
    to_hannah: str = ""
    by_telephone: str = ""
    answer: str = ""
    openings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def refs(self) -> list[str]:
        """Every record's reference."""
        named = (self.concern, self.decision, self.refusal, self.emergency, self.emergency_concern, self.answer)
        return [ref for ref in (*named, self.to_mash, self.to_police, self.to_hannah, self.by_telephone) if ref]


class Teller:
    """Tells the case through a door."""

    def __init__(self, door: Door, words: Words) -> None:
        """Speak with these words through this door."""
        self.door, self.words, self.told = door, words, Told()
        self.child, self.mother, self.first, self.second = (words.small() for _ in range(4))

    def tell(self) -> Told:
        """All of it."""
        self.raise_concern()
        self.add_document()
        self.share()
        self.receive()
        self.keep_from_sharing()
        self.share_in_emergency()
        self.list_openings()
        return self.told

    def do(self, who: str, method: str, path: str, body: object = None, *, expect: int = 201, **headers: str) -> Any:
        """Ask for what must work."""
        answer = self.door.ask(who, method, path, body, **headers)
        assert answer.status == expect, (method, path, answer.status, answer.content[:400])
        return answer.json() if answer.content else None

    def raise_concern(self) -> None:
        """A concern with every field filled."""
        asked = {"urgency": "RED", "concern": self.write_concern()}
        self.told.concern = self.do("amina", "POST", "concerns", asked, Idempotency_Key=self.words.new())["ref"]

    def add_document(self) -> None:
        """A file whose name and every line are words; then the concern is amended once."""
        answer = self.upload(self.write_document())
        assert answer.status == 201, answer.content
        self.told.document = answer.json()["document"]
        amended = {"expected_version": 2, "concern": self.write_concern()}
        self.do("amina", "PUT", f"concerns/{self.told.concern}", amended, expect=200)

    def upload(self, content: bytes, **changes: str) -> Answer:
        """Send a file to the concern."""
        headers = {"X_Confer_File_Name": f"{self.words.new()}.txt", "X_Confer_File_Type": "text/plain", **changes}
        path = f"concerns/{self.told.concern}/documents"
        return self.door.ask("amina", "POST", path, content, Content_Type="application/octet-stream", **headers)

    def share(self) -> None:
        """A decision with four recipients: two teams, a person, and someone who was telephoned."""
        mash = {**self.plan(team=cast.team("mash")), "documents": [self.told.document]}
        person = self.plan(person=cast.person("hannah").person_id)
        telephone = {
            **self.plan(team=cast.team("trust")),
            "channel": "TELEPHONE",
            "spoken_to": self.words.new(),
            "verified_how": self.words.sentence(),
        }
        body = self.decide("share", shares=[mash, self.plan(team=cast.team("caiu")), person, telephone])
        signed = self.do("amina", "POST", "decisions", body, Idempotency_Key=self.words.new())
        self.told.decision = signed["ref"]
        refs = signed["disclosures"]
        self.told.to_mash, self.told.to_police, self.told.to_hannah, self.told.by_telephone = refs

    def receive(self) -> None:
        """Opened, fetched, acknowledged, answered."""
        for who, ref in (("lena", self.told.to_mash), ("paul", self.told.to_police), ("hannah", self.told.to_hannah)):
            self.do(who, "GET", f"disclosures/{ref}", expect=200)
            self.do(who, "POST", f"disclosures/{ref}/acknowledgement", expect=200)
        given = self.door.ask("lena", "GET", f"records/{self.told.to_mash}/documents/{self.told.document}")
        assert self.words.are_in(given.content)
        said = {"text": self.words.sentence()}
        self.told.answer = self.do("lena", "POST", f"disclosures/{self.told.to_mash}/answers", said)["ref"]
        self.do("amina", "GET", f"answers/{self.told.answer}", expect=200)

    def keep_from_sharing(self) -> None:
        """A decision not to share that needs, and gets, a second signature."""
        body = self.decide("do_not_share", second_signature=True)
        self.told.refusal = self.do("amina", "POST", "decisions", body)["ref"]
        self.do("grace", "POST", f"decisions/{self.told.refusal}/countersignature", expect=200)

    def share_in_emergency(self) -> None:
        """One call, and its record completed afterwards."""
        new = self.words.new
        call = {
            "child": new(), "what": self.words.sentence(), "teams": [cast.team("caiu")], "address": new(),
            "date_of_birth": new(), "do_not_discuss_with": new(), "passphrase": cast.person("amina").passphrase,
        }  # fmt: skip
        made = self.do("amina", "POST", "emergencies", call, Idempotency_Key=new())
        self.told.emergency, self.told.emergency_concern = made["decision"], made["concern"]
        who = {"person": "child", "status": "NOT_PRACTICABLE", "reason": self.words.sentence()}
        agreed = [{**who, "status": "NOT_SOUGHT_UNSAFE", **self._exception()}]
        body = {**self.decide("share"), "shares": [], "agreements": agreed, "informing": [who]}
        self.do("amina", "POST", f"decisions/{self.told.emergency}/completion", body, expect=200)

    def list_openings(self) -> None:
        """Where each sealed thing is, with someone to whom it was given."""
        told = self.told
        self.told.openings = [
            ("amina", f"concerns/{told.concern}"),
            ("amina", f"records/{told.concern}/documents/{told.document}"),
            ("amina", f"decisions/{told.decision}"),
            ("grace", f"decisions/{told.refusal}"),
            ("ben", f"decisions/{told.emergency}"),
            ("ben", f"concerns/{told.emergency_concern}"),
            ("tom", f"disclosures/{told.to_mash}"),
            ("tom", f"records/{told.to_mash}/documents/{told.document}"),
            ("paul", f"disclosures/{told.to_police}"),
            ("hannah", f"disclosures/{told.to_hannah}"),
            ("amina", f"disclosures/{told.by_telephone}"),
            ("ben", f"answers/{told.answer}"),
        ]

    def write_document(self) -> bytes:
        """A text file of several chunks."""
        return b"".join(f"{self.words.stem}{number:08d}\n".encode() for number in range(DOCUMENT_LINES))

    def write_concern(self) -> dict[str, Any]:
        """Two people and two statements with nothing left out."""
        return {
            "title": self.words.new(),
            "people": [self._person(self.child, "child"), self._person(self.mother, "mother")],
            "statements": [self._statement(self.first), self._statement(self.second)],
            "child_voice_absence": "",
        }

    def plan(self, **to: str) -> dict[str, Any]:
        """A share of everything said, with a message and a banner."""
        return {
            **to,
            "people": [self.child, self.mother],
            "statements": [self.first, self.second],
            "message": self.words.sentence(),
            "banner": [self.words.new()],
        }

    def decide(self, ending: str, **changes: Any) -> dict[str, Any]:
        """A decision with every text filled."""
        today, say = timezone.localdate(), self.words.sentence
        shares = ending == "share"
        advice = {"adviser": self.words.new(), "role": self.words.new(), "given_on": str(today), "said": say()}
        told = {"person": self.mother, "reason": say(), **self._exception()}
        common = {
            "concern": self.told.concern, "concern_version": 3, "edition": self.words.new(), "ending": ending,
            "reason": say(), "necessity": say(), "risk_of_sharing": say(), "risk_of_not_sharing": say(),
            "advice": [advice],
        }  # fmt: skip
        if not shares:
            later = str(today + timedelta(days=14))
            why = {"outcome": "NOT_SHARED", "not_shared_reason": "ALREADY_HELD_BY_RECIPIENT", "review_date": later}
            return {**common, **why, **changes}
        return {
            **common,
            "outcome": "SHARED_PARTIAL",
            "purpose": "MASH",
            "urgency": "RED",
            "basis": {
                "lawful_basis": "A6_1E_PUBLIC_TASK",
                "conditions": ["A9_2G_P18_SAFEGUARDING"],
                "para18_reason": "P18_WOULD_PREJUDICE_PROTECTION",
            },
            "agreements": [{**told, "status": "NOT_SOUGHT_UNSAFE"}],
            "informing": [{**told, "status": "NOT_INFORMED"}],
            **changes,
        }

    def _exception(self) -> dict[str, Any]:
        return {"exceptions": ["EXC_RISK_OF_HARM"], "review_date": str(timezone.localdate() + timedelta(days=7))}

    def _person(self, name: str, role: str) -> dict[str, Any]:
        new = self.words.new
        return {
            "id": name, "role": role, "name": new(), "aliases": [new(), new()], "date_of_birth": "2018-05-04",
            "identifiers": [{"type": "NHS_NUMBER", "value": new()}, {"type": "UPN", "value": new()}],
            "parental_responsibility": new(), "address": new(), "telephone": new(), "note": self.words.sentence(),
        }  # fmt: skip

    def _statement(self, name: str) -> dict[str, Any]:
        return {
            "id": name, "type": "FACT_WITNESSED", "category": "INJURY", "event_date": str(timezone.localdate()),
            "text": self.words.sentence(), "source": self.words.new(), "people": [self.child],
        }  # fmt: skip
