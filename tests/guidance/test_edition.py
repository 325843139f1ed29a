"""An edition is read whole and as meant, or refused with the place and the remedy."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from exchange.guidance import __main__ as command
from exchange.guidance import edition as editions
from exchange.guidance.edition import Edition
from exchange.guidance.errors import GuidanceError, UnknownCode

Document = dict[str, Any]
Reread = Callable[[], Edition]


def test_the_shipped_edition_loads_and_says_what_it_is(england: Edition) -> None:
    assert (england.name, england.jurisdiction, england.starts_on) == ("england-2026", "England", date(2026, 4, 29))


def test_every_field_of_the_file_reaches_the_edition_in_order(england: Edition, document: Document) -> None:
    assert list(england.lists()) == list(document["lists"])
    for name, codes in england.lists().items():
        for code, written in zip(codes.values(), document["lists"][name], strict=True):
            assert {field.name for field in dataclasses.fields(code)} == set(written)
            assert code.label == written["label"]


def test_codes_are_looked_up_by_attribute_and_by_list_name(england: Edition) -> None:
    assert "DSL" in england.purposes["STRAT"].roles
    assert england.code("agreement_statuses", "SOUGHT_GIVEN") is england.agreement_statuses["SOUGHT_GIVEN"]


@pytest.mark.parametrize("given", ["NO_SUCH", "strat", "", "STRAT ", None, 7, ["STRAT"]])
def test_an_unknown_code_is_refused_with_the_list_and_the_choices(england: Edition, given: Any) -> None:
    with pytest.raises(UnknownCode) as refused:
        england.purposes[given]
    assert refused.value.list_name == "purposes"
    assert "STRAT" in refused.value.allowed
    assert "Choose one of: EHA, " in str(refused.value)


def test_an_unknown_code_is_never_repeated_because_it_may_be_a_childs_name(england: Edition) -> None:
    with pytest.raises(UnknownCode) as refused:
        england.code("purposes", "Zebedee Quill")
    assert "Zebedee" not in f"{refused.value} {refused.value!r}"


def test_lists_behave_as_mappings_towards_an_unknown_code(england: Edition) -> None:
    assert england.purposes.get("NO_SUCH") is None
    assert "NO_SUCH" not in england.purposes
    assert "STRAT" in england.purposes


def test_an_unknown_list_is_refused_and_so_is_an_attribute_that_is_not_a_list(england: Edition) -> None:
    for name in ("harm_types", "name", "title"):
        with pytest.raises(UnknownCode):
            england.code(name, "STRAT")


def test_an_edition_cannot_be_changed(england: Edition) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        england.title = "another"  # type: ignore[misc]
    with pytest.raises(TypeError):
        england.purposes["STRAT"] = england.purposes["EHA"]  # type: ignore[index]


@pytest.mark.parametrize("name", ["england-1999", "../editions/england-2026", "england-2026.json", "", "ENGLAND-2026"])
def test_an_edition_that_is_not_in_the_folder_is_refused(name: str) -> None:
    with pytest.raises(UnknownCode):
        editions.load_edition(name)


def test_the_edition_of_a_day_is_the_one_that_started_last(england: Edition) -> None:
    later = dataclasses.replace(england, name="england-2027", starts_on=date(2027, 9, 1))
    assert editions.choose_edition([later, england], date(2027, 8, 31)) is england
    assert editions.choose_edition([later, england], date(2027, 9, 1)) is later
    assert editions.current_edition(date(2026, 4, 29)) is england


def test_no_edition_applies_before_the_first_or_elsewhere(england: Edition) -> None:
    with pytest.raises(GuidanceError, match="no edition applies on 2026-04-28"):
        editions.current_edition(date(2026, 4, 28))
    with pytest.raises(GuidanceError, match="no edition applies"):
        editions.current_edition(date(2026, 11, 23), jurisdiction="Wales")
    rival = dataclasses.replace(england, name="england-2026-b")
    with pytest.raises(GuidanceError, match="same day"):
        editions.choose_edition([england, rival], date(2026, 11, 23))


def _set(path: str, value: Any, /) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *parents, last = path.split(".")
        place: Any = document
        for step in parents:
            place = place[int(step)] if step.isdigit() else place[step]
        place[int(last) if last.isdigit() else last] = value

    return change


SPOILED = [
    ("a wrong format", _set("format", "confer/v2/edition"), "format"),
    ("an unknown key at the top", _set("notes", "x"), "unknown key 'notes'"),
    ("an unknown list", _set("lists.harm_types", []), "unknown key 'harm_types'"),
    ("an unknown key in a code", _set("lists.channels.0.colour", "red"), "lists.channels[0]: unknown key 'colour'"),
    ("a name that is a path", _set("edition", "../england"), "edition: this is not a code"),
    ("a blank title", _set("title", " "), "title:"),
    ("a label of two lines", _set("lists.sectors.0.label", "a\nb"), "lists.sectors[0].label"),
    ("a label too long", _set("lists.sectors.0.label", "a" * 501), "501 characters"),
    ("a blank citation", _set("lists.sectors.0.citation", ""), "lists.sectors[0].citation"),
    ("a day in another spelling", _set("starts_on", "20260429"), "starts_on"),
    ("a day that does not exist", _set("starts_on", "2026-02-30"), "starts_on"),
    ("a status that is neither", _set("lists.sectors.0.status", "probably"), "verified, unverified"),
    ("a code in small letters", _set("lists.sectors.0.code", "public"), "lists.sectors[0].code"),
    ("an envelope word in capitals", _set("lists.envelope_words.0.code", "PROTECT"), "lists.envelope_words[0].code"),
    ("a code twice", _set("lists.sectors.1.code", "PUBLIC"), "lists.sectors[1]: the code PUBLIC stands twice"),
    ("an empty list", _set("lists.sectors", []), "lists.sectors: 0 items"),
    ("a list too long", _set("lists.sectors", [{}] * 201), "lists.sectors: 201 items"),
    ("a list that is not one", _set("lists.sectors", "PUBLIC"), "lists.sectors: this is not a list"),
    ("a code that is not an object", _set("lists.sectors.0", "PUBLIC"), "lists.sectors[0]: this is not an object"),
    ("a clock of no hours", _set("lists.acknowledgement_clocks.0.hours", 0), "hours"),
    ("a clock of months", _set("lists.acknowledgement_clocks.3.hours", 337), "hours"),
    ("true for a number", _set("lists.acknowledgement_clocks.0.hours", True), "hours"),
    ("a number as text", _set("lists.acknowledgement_clocks.0.hours", "1"), "hours"),
    ("half an hour", _set("lists.acknowledgement_clocks.0.hours", 0.5), "0.5 is not a whole number"),
    ("one for true", _set("lists.channels.0.gives_grant", 1), "gives_grant"),
    ("a clock out of order", _set("lists.acknowledgement_clocks.1.hours", 100), "longer"),
    ("a clock of no urgency", _set("lists.acknowledgement_clocks.0.code", "PURPLE"), "PURPLE is not in urgencies"),
    ("a role nobody knows", _set("lists.purposes.0.roles", ["WIZARD"]), "lists.purposes.EHA.roles: WIZARD"),
    ("a role twice", _set("lists.purposes.0.roles", ["DSL", "DSL"]), "stands twice"),
    ("a purpose for nobody", _set("lists.purposes.0.roles", []), "lists.purposes[0].roles: 0 items"),
    ("a word nobody knows", _set("lists.purposes.0.envelope", "abuse"), "abuse is not in envelope_words"),
    ("an expiry that tells", _set("lists.purposes.5.expiry_days", 30), "gives the sealed purpose away"),
    ("a grant for ever", _set("lists.purposes.0.expiry_days", 36500), "expiry_days"),
    ("a banner that names nobody", _set("lists.informed_statuses.5.banner", "Not told."), "{person}"),
    ("a rule with no meaning", _set("lists.agreement_statuses.0.exception", "maybe"), "required, allowed, none"),
    ("a share that was not one", _set("lists.outcomes.0.needs_not_shared_reason", True), "this outcome is a share"),
    ("a gateway that may start", _set("lists.gateways.0.commencement", "soon"), "commencement"),
]


@pytest.mark.parametrize(("change", "sentence"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED])
def test_a_spoiled_edition_is_refused_at_its_place(
    document: Document, reread: Reread, change: Callable[[Document], None], sentence: str
) -> None:
    assert reread().name == "england-2026"
    change(document)
    with pytest.raises(GuidanceError) as refused:
        reread()
    assert sentence in str(refused.value)
    assert refused.value.remedy


def test_no_key_may_be_left_out(document: Document, reread: Reread) -> None:
    for place in (document, document["lists"], *(codes[0] for codes in document["lists"].values())):
        for key in list(place):
            value = place.pop(key)
            with pytest.raises(GuidanceError, match=f"'{key}' is missing"):
                reread()
            place[key] = value
    assert reread().name == "england-2026"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b'{"edition": "a", "edition": "b"}', "the key 'edition' stands twice"),
        (b'{"edition": NaN}', "NaN is not a whole number"),
        (b'{"edition": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "not an object"),
        (b" " * 1_000_001, "1000001 bytes"),
    ],
)
def test_bytes_that_are_no_edition_are_refused(text: bytes, sentence: str) -> None:
    with pytest.raises(GuidanceError, match=sentence):
        editions.read_edition(text)


def test_a_file_must_bear_the_name_it_holds(document: Document, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "england-2030.json").write_text(json.dumps(document))
    monkeypatch.setattr(editions, "EDITIONS", tmp_path)
    with pytest.raises(GuidanceError, match="Give both the same name"):
        editions.load_edition("england-2030")


def test_the_command_prints_the_edition_with_what_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("england-2026: ")
    assert "unverified. Valid." in printed


def test_the_command_fails_on_an_edition_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["atlantis-2026"]) == 1
    assert "Choose one of: england-2026." in capsys.readouterr().err


def test_guidance_runs_without_django() -> None:
    program = (
        "import sys; sys.modules['django'] = None; sys.modules['rest_framework'] = None\n"
        "from exchange.guidance import __main__, bases, deadlines, requirements\n"
        "sys.exit(__main__.main([]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
