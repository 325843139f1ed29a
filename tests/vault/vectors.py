"""Reads the vectors: each case either gives a result or names the error that refuses it."""

import base64
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import vault

FOLDER = Path(__file__).parent.parent / "vectors"
Case = dict[str, Any]
KEYS: dict[str, type[vault.ContentKey] | type[vault.UnlockKey]] = {
    "content key": vault.ContentKey,
    "unlock key": vault.UnlockKey,
}


def load(name: str, part: str = "cases") -> list[Case]:
    """Return one list of cases of a vector file."""
    cases: list[Case] = json.loads((FOLDER / f"vault-{name}.json").read_text(encoding="utf-8"))[part]
    return cases


def load_streams() -> dict[str, bytes]:
    """Return the streams the stream cases are cut from, by name."""
    whole = json.loads((FOLDER / "vault-sealed-stream.json").read_text(encoding="utf-8"))
    return {name: base64.b64decode(text) for name, text in whole["streams"].items()}


def accepted(name: str, part: str = "cases") -> pytest.MarkDecorator:
    """Parametrise a test with the cases that must give a result."""
    cases = [case for case in load(name, part) if "refused" not in case]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[case.get("name", "-") for case in cases])


def refused(name: str, part: str = "cases") -> pytest.MarkDecorator:
    """Parametrise a test with the cases that must be refused."""
    cases = [case for case in load(name, part) if "refused" in case]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[f"{case['name']}: {case['refused']}" for case in cases])


def refuses(case: Case) -> AbstractContextManager[object]:
    """Expect exactly the error `case` names, not merely one like it."""
    error = getattr(vault, case["refused"])
    return pytest.raises(error, check=lambda raised: type(raised) is error)


def blob(case: Case, field: str) -> bytes:
    """Return the bytes of `field`, with the noughts a case may append."""
    return bytes.fromhex(case[field]) + bytes(case.get("append_noughts", 0))
