"""What was asked twice is done once: in turn, at the same moment, and never under another body."""

import threading
import urllib.error
import urllib.request

import msgspec
import pytest

from exchange.models import Disclosure, IdempotencyKey, Notice, Record
from tests import cast
from tests.journeys import logbook, telling
from tests.running.databases import Database
from tests.running.processes import Running


def test_the_same_request_twice_under_one_key_is_done_once(database: Database) -> None:
    amina = cast.person("amina")
    asked = {"urgency": "RED", "concern": telling.write_concern()}
    first = amina.do("concerns", asked, key="raise-1")
    assert amina.do("concerns", asked, key="raise-1") == first
    body = telling.decide_to_share(first["ref"], telling.plan("mash"), telling.plan("caiu"))
    signed = amina.do("decisions", body, key="sign-1")
    mark = logbook.Mark()
    assert amina.do("decisions", body, key="sign-1") == signed
    assert mark.lines() == []
    assert sorted(Record.objects.values_list("kind", flat=True)) == ["concern", "decision", "disclosure", "disclosure"]
    assert Notice.objects.count() == 2
    to_answer = f"disclosures/{signed['disclosures'][0]}/answers"
    answered = cast.person("tom").do(to_answer, {"text": "Done."}, key="a")
    assert cast.person("tom").do(to_answer, {"text": "Done."}, key="a") == answered


def test_another_body_under_the_same_key_is_refused_and_nothing_is_done(database: Database) -> None:
    amina = cast.person("amina")
    amina.do("concerns", {"urgency": "RED", "concern": telling.write_concern()}, key="raise-1")
    other = amina.post("concerns", {"urgency": "RED", "concern": telling.write_concern(title="Other")}, key="raise-1")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert Record.objects.count() == 1


def test_the_same_body_at_another_address_is_another_request(database: Database) -> None:
    first, second = telling.share(telling.plan("mash"), telling.plan("caiu"))
    tom = cast.person("tom")
    tom.do(f"disclosures/{first}/answers", {"text": "Seen."}, key="k")
    assert tom.post(f"disclosures/{second}/answers", {"text": "Seen."}, key="k").status_code == 422


def test_a_key_is_the_askers_own(database: Database) -> None:
    asked = {"urgency": "RED", "concern": telling.write_concern()}
    refs = {cast.person(name).do("concerns", asked, key="same")["ref"] for name in ("amina", "ben", "tom")}
    assert len(refs) == 3


def test_without_a_key_twice_is_twice(database: Database) -> None:
    asked = {"urgency": "RED", "concern": telling.write_concern()}
    assert cast.person("amina").do("concerns", asked) != cast.person("amina").do("concerns", asked)


def test_a_refused_request_leaves_its_key_unused(database: Database) -> None:
    amina = cast.person("amina")
    assert amina.post("concerns", {"urgency": "PUCE", "concern": telling.write_concern()}, key="k").status_code == 422
    amina.do("concerns", {"urgency": "RED", "concern": telling.write_concern()}, key="k")


def test_what_is_remembered_says_nothing_of_what_was_sent(database: Database) -> None:
    telling_words = telling.write_concern()
    cast.person("amina").do("concerns", {"urgency": "RED", "concern": telling_words}, key="k")
    cast.person("ben").do("concerns", {"urgency": "RED", "concern": telling_words}, key="k")
    rows = IdempotencyKey.objects.order_by("pk")
    assert {field.name for field in IdempotencyKey._meta.get_fields()} == {
        "id", "person", "key", "mac", "status", "ref", "made_at"
    }  # fmt: skip
    assert len({bytes(row.mac) for row in rows}) == 2  # keyed by the asker's own secret: equal bodies cannot be told


@pytest.mark.parametrize("key", ["k" * 65, "with space", "schlüssel"])
def test_a_key_of_the_wrong_form_is_named(database: Database, key: str) -> None:
    asked = {"urgency": "RED", "concern": telling.write_concern()}
    answer = cast.person("amina").post("concerns", asked, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert not Record.objects.exists()


def test_asked_at_the_same_moment_it_is_done_once(database: Database, server: Running) -> None:
    amina = cast.person("amina")
    ref = telling.raise_concern()
    body = telling.decide_to_share(ref, telling.plan("mash"))
    together, answers = 6, []
    gate = threading.Barrier(together)

    def ask() -> None:
        gate.wait()
        answers.append(_post(f"{server.url}{cast.API}decisions", amina.bearer, "at-once", msgspec.json.encode(body)))

    threads = [threading.Thread(target=ask) for _ in range(together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [status for status, _ in answers] == [201] * together
    assert len({content for _, content in answers}) == 1
    assert Disclosure.objects.count() == Notice.objects.count() == 1


def _post(url: str, bearer: str, key: str, body: bytes) -> tuple[int, bytes]:
    sent = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, sent, method="POST")  # noqa: S310 - our own server, on loopback
    try:
        with urllib.request.urlopen(request, timeout=50) as answer:  # noqa: S310 - as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
