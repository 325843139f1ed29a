"""The walk holds: on the embedded default, on PostgreSQL with a broker of its own; and it keeps its hands to itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from django.db import connection

from tests.house.walks import CHEAP, name_empty_database
from tests.plugin import Run

ROOT = Path(__file__).resolve().parent.parent.parent


def run_walk(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`manage.py walk` in a process of its own, with these CONFER_ names and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFER_")}
    command = [sys.executable, str(ROOT / "manage.py"), "walk", "--folder", str(folder)]
    return subprocess.run(
        command, env=inherited | environment, capture_output=True, text=True, timeout=240, check=False
    )


def test_every_step_of_the_walk_holds_on_this_database(run: Run, broker: redis.Redis, tmp_path: Path) -> None:
    assert broker.ping()
    # On SQLite the embedded default, at its full cost; on PostgreSQL what the settings name.
    folder = tmp_path / "walk"
    environment = {} if connection.vendor == "sqlite" else name_empty_database(run, tmp_path / "data")
    walked = run_walk(folder, environment)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert "Every step held" in walked.stdout


def test_the_walk_refuses_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("not ours")
    walked = run_walk(tmp_path, {})
    assert walked.returncode != 0
    assert "holds something else" in walked.stderr
    assert (tmp_path / "thesis.txt").read_text() == "not ours"


def test_the_walk_refuses_a_database_that_is_in_use(run: Run, tmp_path: Path) -> None:
    with run.copies.copy() as used:
        walked = run_walk(
            tmp_path / "walk",
            {
                "CONFER_DATABASE": used.url,
                "CONFER_OWNER_DATABASE": used.owner_url,
                **CHEAP,
            },
        )
    assert walked.returncode != 0
    assert "needs an empty one" in walked.stderr


@pytest.mark.parametrize(
    "command", ["demo", "walk", "begin", "serve", "make_partnership", "protect", "verify_log", "export_log"]
)
def test_every_command_explains_itself(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0
    assert "xample" in shown.stdout
