"""Sets the stage for `demo` and `walk`: a database, the fictional partnership, the processes, and a look for leaks."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from exchange.management import embedded, fiction, onebox
from exchange.management.onebox import Box
from exchange.management.walking import StepFailed, Walk

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = ".confer-rehearsal"  # only a folder that holds this file is ever emptied


def prepare_folder(folder: Path) -> None:
    """Empty our own folder and make it anew. Raises `FileExistsError` for a folder that is not ours."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        message = f"{folder} holds something else. Name another folder, or move it away."
        raise FileExistsError(message)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / MARK).touch()


def embedded_environment(folder: Path) -> dict[str, str]:
    """Settings that keep everything inside `folder`, on SQLite, with the broker in the box."""
    kept = {name: "" for name in os.environ if name.startswith("CONFER_")}
    own = {"CONFER_DATABASE": f"sqlite://{folder / 'confer.sqlite3'}", "CONFER_DATA": str(folder)}
    return {name: value for name, value in {**kept, **own}.items() if value}


def clear_names() -> None:
    """Forget every CONFER_ name of this process: the embedded default listens to none of them."""
    for name in [name for name in os.environ if name.startswith("CONFER_")]:
        del os.environ[name]


def set_stage(environment: Mapping[str, str], cast: Path, say: Callable[[str], None]) -> None:
    """Migrate, hand the tables to the app's role, and make the partnership. Raises `subprocess.CalledProcessError`."""
    say("Making the database")
    _manage("migrate", "--verbosity", "0", environment=environment)
    if "CONFER_OWNER_DATABASE" in environment:
        _manage("protect", environment=environment)
    say("Making a fictional partnership: invited, keys made, admitted (each passphrase takes a moment, on purpose)")
    _manage("make_partnership", str(cast), environment=environment)


@contextmanager
def open_house(environment: Mapping[str, str], folder: Path, *, port: int, say: Callable[[str], None]) -> Iterator[Box]:
    """Web, worker and beat (and broker and mail catcher where none are named), until the block ends."""
    say(f"Starting the processes (what each says goes to {folder / 'logs'})")
    with onebox.running(environment, folder, port=port, logs=folder / "logs", report=say) as box:
        yield box


def make_walk(box: Box, cast: Path, say: Callable[[str], None]) -> Walk:
    """A walk of this house."""
    people, team_ids = fiction.read(cast)
    return Walk(url=box.url, cast=people, teams=team_ids, say=say, mail=box.mail)


def find_leaks(going: Walk, folder: Path, cast: Path) -> None:
    """Look for the walk's own words in every file it left: database, queue, mail, logs, documents. Raises `StepFailed`.

    A plain look; the test suite's canary decodes and hashes as well.
    """
    words = [word.encode() for word in going.marks.values()]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != cast:
            content = path.read_bytes()
            if any(word in content for word in words):
                message = f"A word of the concern was found at rest, in {path.relative_to(folder)}."
                raise StepFailed(message)


def _manage(*arguments: str, environment: Mapping[str, str]) -> None:
    whole = {**embedded.base_environment(), **environment}
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *arguments], env=whole, check=True)  # noqa: S603 - our own command
