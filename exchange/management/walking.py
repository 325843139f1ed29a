"""The main job, walked through the HTTP API as different people, step by step. Each step must hold.

Only the API's schema, the cast's sign-ins and (where they are caught here) the mails are known; never the database.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from accounts import second_factor
from exchange.management import fiction
from exchange.management.caller import Caller, UnexpectedAnswer
from exchange.management.fiction import SignIn

MAIL_PATIENCE = 20.0  # seconds


class StepFailed(Exception):
    """A step did not hold; the message names the step and what was seen instead."""


@dataclass(slots=True)
class Walk:
    """What the walk knows as it goes. `marks` are words unique to this walk that must never be found at rest."""

    url: str
    cast: Mapping[str, SignIn]
    teams: Mapping[str, str]
    say: Callable[[str], None]
    mail: Path | None
    marks: Mapping[str, str] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    make_caller: Callable[[str], Caller] = Caller


def walk(going: Walk) -> None:
    """Every step of the main job, in order. Raises `StepFailed`."""
    going.marks = {
        name: f"{name}{secrets.token_hex(6)}" for name in ("zeb", "bruise", "report", "reason", "answer", "urgent")
    }
    for title, step in STEPS:
        with _step(going, title):
            step(going)


def raise_concern(going: Walk) -> None:
    """Amina raises a concern with typed statements and a document."""
    amina = sign_in(going, "amina")
    today = date.today().isoformat()  # noqa: DTZ011 - a day as the practitioner says it
    marks = going.marks
    concern = {
        "title": "Mark seen at registration",
        "people": [
            {"id": "child", "role": "child", "name": f"Zeb {marks['zeb']}", "date_of_birth": "2018-05-04"},
            {"id": "mother", "role": "mother", "name": f"Mary {marks['zeb']}", "absent": {"telephone": "NOT_ASKED"}},
        ],
        "statements": [
            _statement("s1", "FACT_WITNESSED", "INJURY", today, f"A mark on the left arm, {marks['bruise']}."),
            _statement("s2", "CHILD_WORDS", "CHILD_VOICE", today, "'I am not to say.'"),
            _statement("s3", "THIRD_PARTY_REPORT", "HOUSEHOLD", today, "A neighbour says an uncle has moved in."),
        ],
    }
    made = amina.call("raise_concern", {"concern": concern, "urgency": "RED"}, expect=201)
    going.found["concern"] = made["ref"]
    document = amina.upload(
        "add_document",
        f"Body map, drawn at 09:40. {marks['report']}".encode(),
        name=f"body-map-{marks['report']}.txt",
        kind="text/plain",
        ref=made["ref"],
    )
    _expect(document.status == 201, f"adding the document answered {document.status}")  # noqa: PLR2004 - Created
    going.found["document"] = document.body["document"]
    going.say(f"    Amina raised {made['ref']}: two people, three statements, one document.")


def share(going: Walk) -> None:
    """Amina decides and signs; two teams are given two different renditions."""
    amina = going.callers["amina"]
    directory = amina.call("list_teams", query={"words": "MASH"})["results"]
    mash = next(team for team in directory if team["id"] == going.teams["mash"])
    decision = _decision(going, "share", "SHARED_PARTIAL") | {
        "purpose": "MASH",
        "urgency": "RED",
        "shares": [
            {
                "team": going.teams["mash"],
                "people": ["child", "mother"],
                "statements": ["s1", "s2", "s3"],
                "documents": [going.found["document"]],
                "handling": ["NO_ONWARD"],
            },
            {"team": going.teams["caiu"], "people": ["child"], "statements": ["s1"]},
        ],
    }
    signed = amina.call("sign_decision", decision, expect=201)
    _expect(len(signed["disclosures"]) == 2, "not two disclosures were made")  # noqa: PLR2004 - the two teams
    going.found |= {
        "decision": signed["ref"],
        "to_mash": signed["disclosures"][0],
        "to_police": signed["disclosures"][1],
    }
    going.say(f"    {mash['name']}: {mash['readers']} people could open it. Signed as {signed['ref']}.")
    going.say(
        f"    {signed['disclosures'][0]} to the MASH (all of it), {signed['disclosures'][1]} to the police (two items)."
    )


def deliver(going: Walk) -> None:
    """A worker tells both teams by e-mail that something waits, and nothing else."""
    if going.mail is None:
        going.say("    Mail leaves this machine (CONFER_MAIL), so it is not looked at here.")
        return
    wanted = {going.found["to_mash"], going.found["to_police"]}
    deadline = time.monotonic() + MAIL_PATIENCE
    while not wanted <= _mailed(going.mail, wanted):
        _expect(time.monotonic() < deadline, f"the mails had not come after {MAIL_PATIENCE:.0f} s")
        time.sleep(0.2)
    going.say("    Two mails came: a reference and where to sign in. No name, no word of the concern.")


def receive(going: Walk) -> None:
    """Lena opens what the MASH was given, banner first; acknowledges, and answers."""
    lena = sign_in(going, "lena")
    ref = going.found["to_mash"]
    inbox = lena.call("list_inbox", query={"unacknowledged": "true"})["results"]
    _expect(ref in [line["ref"] for line in inbox], "the disclosure is not in the inbox")
    opened = lena.call("open_disclosure", ref=ref)["body"]
    _expect(any("NOT been told" in line for line in opened["banner"]), "the handling banner is missing")
    _expect(len(opened["statements"]) == 3 and opened["withheld"] == 0, "the rendition is not what was chosen")  # noqa: PLR2004
    going.say(f"    Banner: {_mask(going, opened['banner'][0])}")
    document = lena.ask("open_document", ref=ref, document=going.found["document"])
    _expect(going.marks["report"].encode() in document.body, "the document did not come back whole")
    lena.call("acknowledge_disclosure", ref=ref)
    text = f"Strategy discussion held today. {going.marks['answer']}"
    going.found["answer"] = lena.call("answer_disclosure", {"text": text}, expect=201, ref=ref)["ref"]
    going.say(f"    Lena opened {ref} and its document, acknowledged, and answered as {going.found['answer']}.")


def receive_less(going: Walk) -> None:
    """Paul opens what the police were given: less, and it says so."""
    opened = sign_in(going, "paul").call("open_disclosure", ref=going.found["to_police"])["body"]
    _expect([s["id"] for s in opened["statements"]] == ["s1"] and not opened["documents"], "the police were given more")
    _expect(opened["withheld"] == 4, "what was left out is not said")  # noqa: PLR2004 - one person, two statements, one document
    _expect(
        all(going.marks["zeb"] not in line for line in opened["banner"]), "the banner names someone who was left out"
    )
    going.say("    Paul sees the child and one statement; four items were withheld as not needed, and he is told so.")


def refuse_stranger(going: Walk) -> None:
    """Sunita, at another school, is refused, and cannot tell "not yours" from "no such thing"."""
    sunita = sign_in(going, "sunita")
    theirs = sunita.ask("open_disclosure", ref=going.found["to_mash"])
    none = sunita.ask("open_disclosure", ref="S-00000-00000")
    _expect(theirs.status == 404, f"a stranger was answered {theirs.status}")  # noqa: PLR2004 - Not Found
    _expect(theirs.body == none.body, "a stranger can tell what exists")
    document = sunita.ask("open_document", ref=going.found["to_mash"], document=going.found["document"])
    _expect(document.status == 404, f"a stranger asked for the document and was answered {document.status}")  # noqa: PLR2004
    going.say(f'    "{theirs.body["detail"]}"')


def follow(going: Walk) -> None:
    """Amina sees what came of it, and reads the answer."""
    amina = going.callers["amina"]
    sent = {line["ref"]: line for line in amina.call("list_sent")["results"]}
    _expect(sent[going.found["to_mash"]]["acknowledged_at"] is not None, "the acknowledgement does not show")
    answer = amina.call("open_answer", ref=going.found["answer"])["body"]
    _expect(going.marks["answer"] in answer["text"], "the answer is not what was written")
    going.say("    Acknowledged and answered by the MASH; not yet by the police.")


def decide_not_to_share(going: Walk) -> None:
    """Hannah, a nurse, decides not to share, and signs that too, with a day to look again."""
    hannah = sign_in(going, "hannah")
    today = date.today()  # noqa: DTZ011 - a day as the practitioner says it
    concern = {
        "title": "Missed appointment",
        "people": [{"id": "child", "role": "child", "name": "Noor Ashdown"}],
        "statements": [
            _statement("s1", "FACT_RECORDED", "HEALTH_CHILD", today.isoformat(), "Second appointment missed.")
        ],
    }
    ref = hannah.call("raise_concern", {"concern": concern, "urgency": "GREEN"}, expect=201)["ref"]
    body = _decision(going, "do_not_share", "NOT_SHARED") | {
        "concern": ref,
        "concern_version": 1,
        "not_shared_reason": "NOT_RELEVANT",
        "reason": "The family had told us they were away. We will look again in two weeks.",
        "review_date": (today + timedelta(days=14)).isoformat(),
    }
    for name in ("basis", "necessity", "risk_of_sharing", "risk_of_not_sharing", "agreements", "informing"):
        del body[name]
    signed = hannah.call("sign_decision", body, expect=201)
    _expect(signed["disclosures"] == [], "something was disclosed")
    going.say(f"    {signed['ref']}: not shared, signed, to be looked at again on {body['review_date']}.")


def share_emergency(going: Walk) -> None:
    """Ben, a reading volunteer, shares an emergency with police and social care in one call."""
    ben = sign_in(going, "ben")
    call = {
        "child": f"Zeb {going.marks['zeb']}",
        "what": f"Left with a man who may not collect him, five minutes ago. {going.marks['urgent']}",
        "teams": [going.teams["mash"], going.teams["caiu"]],
        "do_not_discuss_with": "the mother's partner",
        "passphrase": going.cast["ben"].passphrase,
    }
    began = time.monotonic()
    made = ben.call("share_emergency", call, expect=201)
    _expect(len(made["disclosures"]) == 2 and not made["to_ring"], "not both teams were reached")  # noqa: PLR2004
    opened = going.callers["paul"].call("open_disclosure", ref=made["disclosures"][1])["body"]
    other = going.callers["lena"].call("open_disclosure", ref=made["disclosures"][0])["body"]
    _expect(
        all("EMERGENCY" in body["banner"][0] for body in (opened, other)) or "EMERGENCY" in str(opened["banner"]),
        "no emergency banner",
    )
    going.say(
        f"    Sent and opened by police and MASH {time.monotonic() - began:.1f} s later; to be completed within a day."
    )


def audit(going: Walk) -> None:
    """Audrey reads who shared what, with whom and why; she opens no content."""
    audrey = sign_in(going, "audrey")
    lines = audrey.call("ask_log", query={"record": going.found["decision"]})["lines"]
    signed = next(line for line in lines if line["event"] == "decision:signed")
    why = audrey.call("read_why", entry=str(signed["id"]))["why"]
    _expect(going.marks["reason"] in why, "the why is not the reason that was signed")
    to = ", ".join(party["name"] for party in signed["parties"] if party["id"].startswith("team:"))
    going.say(
        f"    {signed['at'][11:16]} {signed['person']['name']} signed {going.found['decision']} to share with {to}."
    )
    opened = audrey.call("ask_log", query={"record": going.found["to_mash"]})["lines"]
    readers = [f"{line['person']['name']} ({line['event']}, {line['outcome']})" for line in reversed(opened)]
    _expect(any("refused" in reader for reader in readers), "the stranger's refusal is not in the log")
    going.say(f"    Who came near {going.found['to_mash']}: {'; '.join(readers[-5:])}.")
    refused = audrey.ask("open_disclosure", ref=going.found["to_mash"])
    _expect(refused.status == 404, "an auditor opened content")  # noqa: PLR2004 - Not Found
    _expect(going.callers["amina"].ask("ask_log").status == 403, "a practitioner asked the log")  # noqa: PLR2004 - Forbidden


def verify(going: Walk) -> None:
    """Audrey takes a checkpoint away, and later verifies the whole log against it."""
    audrey = going.callers["audrey"]
    deadline = time.monotonic() + MAIL_PATIENCE
    while not (held := audrey.call("show_checkpoint"))["size"]:
        _expect(time.monotonic() < deadline, "no checkpoint was signed")
        time.sleep(0.3)
    verified = audrey.call("verify_log", {"held": [held["note"]]})
    _expect(verified["held"] == 1 and verified["size"] >= held["size"], "the log does not hold against the checkpoint")
    going.say(
        f"    {verified['size']} entries, root {verified['root'][:16]}…: whole, and an extension of what she held."
    )


STEPS: tuple[tuple[str, Callable[[Walk], None]], ...] = (
    ("Amina Yusuf, class teacher, raises a concern", raise_concern),
    ("She decides, signs, and shares two different renditions", share),
    ("Both teams are told that something waits", deliver),
    ("Lena Okafor of the MASH opens, acknowledges and answers", receive),
    ("Paul Merrick of the police opens his own, smaller rendition", receive_less),
    ("Sunita Rao, at another school, is refused", refuse_stranger),
    ("Amina follows what came of it", follow),
    ("Hannah Lowe, nurse, signs a decision not to share", decide_not_to_share),
    ("Ben Carrow, volunteer, shares an emergency in one call", share_emergency),
    ("Audrey Finch, auditor, reads who shared what, with whom and why", audit),
    ("She verifies the log against a checkpoint she holds", verify),
)


def sign_in(going: Walk, key: str) -> Caller:
    """Sign someone in with passphrase and second factor, waiting for a fresh code when theirs is used."""
    person = going.cast[key]
    step = fiction.next_step(person, now=time.time())
    while step > int(time.time()) // second_factor.STEP + 1:
        time.sleep(0.5)
    caller = going.make_caller(going.url)
    caller.sign_in(person.email, person.passphrase, fiction.make_code(person, step))
    going.cast = {**going.cast, key: replace(person, last_step=step)}
    going.callers[key] = caller
    return caller


@contextmanager
def _step(going: Walk, title: str) -> Iterator[None]:
    number = [name for name, _ in STEPS].index(title) + 1
    going.say(f"  {number:2}/{len(STEPS)}  {title}")
    try:
        yield
    except (UnexpectedAnswer, KeyError, StopIteration, OSError, AssertionError) as fault:
        raise StepFailed(f'Step {number}, "{title}", did not hold: {fault}') from fault


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what was looked at, not a switch
    if not holds:
        raise UnexpectedAnswer(otherwise)


def _statement(name: str, kind: str, category: str, day: str, text: str) -> dict[str, Any]:
    return {"id": name, "type": kind, "category": category, "event_date": day, "text": text, "people": ["child"]}


def _decision(going: Walk, ending: str, outcome: str) -> dict[str, Any]:
    review = (date.today() + timedelta(days=7)).isoformat()  # noqa: DTZ011 - a day as the practitioner says it
    because = {"reason": "The child fears what happens at home if she knows.", "exceptions": ["EXC_RISK_OF_HARM"]}
    return {
        "concern": going.found["concern"],
        "concern_version": 2,
        "edition": "",
        "ending": ending,
        "outcome": outcome,
        "reason": f"The mark and what was said of it do not match. {going.marks['reason']}",
        "basis": {
            "lawful_basis": "A6_1E_PUBLIC_TASK",
            "conditions": ["A9_2G_P18_SAFEGUARDING"],
            "para18_reason": "P18_WOULD_PREJUDICE_PROTECTION",
            "gateways": ["CA04_S11"],
        },
        "necessity": "They cannot decide on a check without it.",
        "risk_of_sharing": "The family may feel watched.",
        "risk_of_not_sharing": "A further injury.",
        "agreements": [{"person": "mother", "status": "NOT_SOUGHT_UNSAFE", "review_date": review, **because}],
        "informing": [{"person": "mother", "status": "NOT_INFORMED", "review_date": review, **because}],
    }


def _mailed(folder: Path, wanted: set[str]) -> set[str]:
    mails = [path.read_text(errors="replace") for path in folder.glob("*.eml")]
    return {ref for ref in wanted if any(ref in mail for mail in mails)}


def _mask(going: Walk, line: str) -> str:
    """The narration shows no name it would not show a bystander."""
    return line.replace(going.marks["zeb"], "…")
