"""Killed at random instants under load, the house forgets nothing it said, and has said nothing it did not log."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from audit import numbering, publishing, verifying
from audit.models import Entry, Leaf, LeafRecord
from exchange import store
from exchange.models import (
    Decision,
    Disclosure,
    Document,
    Grant,
    IdempotencyKey,
    Notice,
    Record,
    RecordVersion,
)
from tests.house import locks
from tests.house.load import Ledger, Reader, Sender, Worker
from tests.journeys.waiting import wait_until
from tests.running.databases import Database
from tests.running.mail import Mail
from tests.running.processes import Running

SENDERS, READERS = ("amina", "ben"), ("lena", "tom", "paul")
MADE_BY = {"concern:raised": "concern", "decision:signed": "decision", "disclosure:sent": "disclosure"}


def test_whatever_is_killed_whenever_nothing_said_is_lost_and_nothing_shown_is_unlogged(
    database: Database,
    house: dict[str, Running],
    mail: Mail,
    volume: Callable[[int, int], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not Record.objects.exists()
    ledger, done, began = Ledger(), threading.Event(), time.monotonic()
    people: list[Worker] = [Sender(name, house["web"].url, ledger, done) for name in SENDERS]
    people += [Reader(name, house["web"].url, ledger, done) for name in READERS]
    for person in people:
        person.start()
    targets = ["web", "worker", "web", "beat", "web"] * volume(1, 12)
    killed = [kill_at_some_instant(house[target], ledger, began) for target in targets]
    keep_working(ledger)
    done.set()
    for person in people:
        person.join(timeout=60)
    with capsys.disabled():
        tell(killed, ledger)

    assert ledger.surprises == []
    assert not any(person.is_alive() for person in people)
    assert ledger.broken_off, "no request was ever in flight when the server was killed: this proved nothing"
    let_the_mail_out(mail, house["worker"])
    for name in ("beat", "worker", "web"):
        house[name].stop()
    connections.close_all()
    check_openings(ledger)
    check_acts(ledger)
    check_entries()
    check_whole()
    assert locks.find_disagreements() == []
    check_mail(mail)
    check_log(database.data)


@pytest.fixture
def house(server: Running, worker: Running, beat: Running) -> dict[str, Running]:
    """What may be killed, by name."""
    return {"web": server, "worker": worker, "beat": beat}


def kill_at_some_instant(target: Running, ledger: Ledger, began: float) -> str:
    """Kill it with all its children at an instant nobody chose, and start it again; what was killed when."""
    keep_working(ledger)
    time.sleep(random.uniform(0, 0.4))  # noqa: S311 - an instant, not a secret
    told = f"{time.monotonic() - began:6.2f} s {target.name}, after {ledger.size} acts"
    target.kill()
    time.sleep(random.uniform(0, 0.3))  # noqa: S311 - as above
    target.start()
    return told


def keep_working(ledger: Ledger) -> None:
    """Wait until a little more has been done."""
    enough = ledger.size + 4
    wait_until(lambda: ledger.size >= enough or bool(ledger.surprises), seconds=60)


def tell(killed: list[str], ledger: Ledger) -> None:
    """Print what was killed when, and what was done meanwhile."""
    lines = "\n".join(f"  killed at {line}" for line in killed)
    print(f"\n{lines}\n  {len(ledger.raised)} raised, {len(ledger.uploaded)} documents, {len(ledger.shared)} shared,")  # noqa: T201
    print(f"  {len(ledger.opened)} opened, {len(ledger.acknowledged)} acknowledged; {ledger.broken_off} broken off,")  # noqa: T201
    print(f"  {ledger.refused_connections} refused while it was down")  # noqa: T201


def check_openings(ledger: Ledger) -> None:
    """Every content that left has its entry: as many as were received, at least."""
    logged = Counter((entry.person, ref) for entry in entries("record:opened") for ref in refs(entry))
    received = Counter(ledger.opened)
    assert received
    assert {key: count for key, count in received.items() if logged[key] < count} == {}
    shown = {(entry.person, ref) for entry in entries("list:shown") for ref in refs(entry)}
    assert {key for key in received if key not in shown} == set()


def check_acts(ledger: Ledger) -> None:
    """Every act that was acknowledged is there, once; and nothing is there that nobody was told of."""
    kinds = {kind: set(Record.objects.filter(kind=kind).values_list("ref", flat=True)) for kind in MADE_BY.values()}
    assert kinds["concern"] == {ref for _, ref in ledger.raised}
    assert kinds["decision"] == {ref for _, _, ref, _ in ledger.shared}
    assert kinds["disclosure"] == {ref for *_, made in ledger.shared for ref in made}
    assert len(ledger.raised) == len(kinds["concern"])
    for person, concern, decision, made in ledger.shared:
        record = Record.objects.get(ref=decision)
        assert (str(record.author_id), record.about and record.about.ref) == (person, concern)
        assert set(record.consequences.values_list("ref", flat=True)) == set(made)
    documents = Counter(ref for _, ref in ledger.uploaded)
    for ref in documents:
        assert Record.objects.get(ref=ref).holdings.count() == documents[ref]
    acknowledged = Disclosure.objects.exclude(acknowledged_at=None).values_list("record__ref", "acknowledged_by")
    assert {(str(person), ref) for ref, person in acknowledged} >= set(ledger.acknowledged)


def check_entries() -> None:
    """Every record has exactly the entries of its making, and every such entry its record."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for entry in Entry.objects.filter(outcome="done").exclude(event__in=("record:opened", "list:shown")):
        for ref in refs(entry):
            if ref[1:2] == "-":
                found[ref][entry.event] += 1
    rows = {record.ref: record for record in Record.objects.select_related("disclosure")}
    assert set(found) == set(rows)
    for ref, record in rows.items():
        notices = Notice.objects.filter(ref=ref)
        expected = Counter({"record:grant:given": record.grants.count(), "notice:sent": notices.count()})
        if record.kind == "concern":
            shared = Record.objects.filter(about=record, kind="decision").count()
            expected += Counter({"concern:raised": 1, "decision:signed": shared})
            expected += Counter({"document:added": record.holdings.count()})
        elif record.kind == "decision":
            expected += Counter({"decision:signed": 1})
        else:
            acknowledged = int(record.disclosure.acknowledged_at is not None)
            expected += Counter({"disclosure:sent": 1, "disclosure:acknowledged": acknowledged})
            kinds = Counter(notices.values_list("kind", flat=True))
            assert kinds == +Counter({"disclosure_waiting": 1, "disclosure_acknowledged": acknowledged}), ref
        assert +found[ref] == +expected, ref


def check_whole() -> None:
    """Nothing is half made."""
    for record in Record.objects.all():
        numbers = sorted(record.versions.values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1)), record.ref
        assert numbers, record.ref
        assert record.grants.count() == (2 if record.kind == "disclosure" else 1), record.ref
    assert Decision.objects.count() == Record.objects.filter(kind="decision").count()
    assert Disclosure.objects.count() == Record.objects.filter(kind="disclosure").count()
    assert not Grant.objects.filter(wraps=None).exists()
    assert not IdempotencyKey.objects.exclude(status=201).exists()
    assert not IdempotencyKey.objects.filter(ref="").exists()
    assert not RecordVersion.objects.filter(signature=b"").exists()
    assert not Document.objects.filter(holdings=None).exists()
    for document in Document.objects.all():
        assert sum(map(len, store.read(str(document.pk)))) == document.sealed_size


def let_the_mail_out(mail: Mail, worker: Running) -> None:
    """Wait until every notice is sent; what a killed worker had claimed is free at once, not after two minutes."""
    worker.kill()  # so that no claim of a living one is taken away
    Notice.objects.filter(sent_at=None).update(claimed_until=None, not_before=timezone.now())
    worker.start()
    wait_until(lambda: not Notice.objects.filter(sent_at=None).exists(), seconds=60)
    wait_until(lambda: len(mail.messages()) >= Notice.objects.count())


def check_mail(mail: Mail) -> None:
    """Every notice was delivered; one delivered twice is the same message to every mail system."""
    messages: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for message in mail.messages():
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        messages[name].add((str(message["To"]), message.get_content()))
    notices = {str(notice.pk): notice for notice in Notice.objects.all()}
    assert set(messages) == set(notices)
    assert {name for name, variants in messages.items() if len(variants) > 1} == set()
    assert all(notices[name].ref in text for name, ((_, text),) in messages.items())
    assert Notice.objects.filter(failed_at__isnull=False).count() == 0


def check_log(data: Path) -> None:
    """Gap-free, whole, and in agreement with every checkpoint that left before and between the kills."""
    while numbering.number_entries():
        pass
    assert not Entry.objects.exclude(pk__in=Leaf.objects.values("entry_id")).exists()
    assert sorted(Leaf.objects.values_list("index", flat=True)) == list(range(Entry.objects.count()))
    series: defaultdict[str, list[int]] = defaultdict(list)
    for record, number in LeafRecord.objects.values_list("record", "number"):
        series[record].append(number)
    for record, numbers in series.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), record
    left = publishing.read_published()
    assert left, f"no checkpoint left {data}"
    found = verifying.verify_log(held=left)
    assert (found.size, found.unnumbered) == (Entry.objects.count(), 0)


def entries(event: str) -> list[Entry]:
    """Every entry of one event that was done."""
    return list(Entry.objects.filter(event=event, outcome="done"))


def refs(entry: Entry) -> list[str]:
    """The records an entry is about."""
    return list(json.loads(entry.records))
