"""Check an export of the log offline: `python -m audit.verify export.jsonl --key FILE [--checkpoint FILE ...]`.

Needs neither Django, nor settings, nor our server. `Verifier` is the one place where the log is judged; the database's
own rows go through the same one (see `verifying`). Reads a line at a time; memory grows with the number of distinct
records only. See docs/formats/export.md.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import vault
from audit import checkpoint, errors, leaf, merkle

_CHECKPOINT_START: Final = b'{"checkpoint":'
_LONGEST_LINE: Final = leaf.LONGEST_LEAF + 1

WHOLE: Final = 0
BROKEN: Final = 1
UNUSABLE: Final = 2


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found whole: so many leaves under this root, against so many checkpoints held outside.

    `held_up_to` is the size of the largest of those: what comes after it rests on the log's own word.
    """

    size: int
    root: bytes
    held: int
    held_up_to: int


class Verifier:
    """Takes the leaves of a log one after another and raises LogBroken at the first place that fails."""

    def __init__(self, key: checkpoint.LogKey, held: Iterable[checkpoint.Checkpoint]) -> None:
        """Check the signatures of the checkpoints held outside, and that they do not contradict each other."""
        self._key = key
        self._held: dict[int, bytes] = {}
        self._heads: dict[str, tuple[int, int]] = {}
        self._sound = 0
        self.frontier = merkle.Frontier()
        for one in held:
            self._check_signature(one)
            if self._held.setdefault(one.size, one.root) != one.root:
                raise errors.LogBroken(_name_checkpoint(one.size), "two of them, with different roots: two histories.")
        self._compare_held()

    def take(self, data: bytes) -> leaf.Leaf:
        """Check the next leaf's bytes against all that came before, and return it."""
        place = f"leaf {self.frontier.size}"
        try:
            one = leaf.decode(data)
        except errors.EntryMalformed as error:
            raise errors.LogBroken(place, str(error)) from error
        if one.index != self.frontier.size:
            raise errors.LogBroken(place, f"missing; leaf {one.index} stands in its place.")
        self._check_numbers(one)
        self.frontier = self.frontier.append(merkle.hash_leaf(data))
        self._compare_held()
        return one

    def check(self, note: str) -> None:
        """Check the log's own checkpoint for what was taken so far."""
        try:
            one = checkpoint.parse(note)
        except errors.NoteMalformed as error:
            raise errors.LogBroken(_name_checkpoint(self.frontier.size), str(error)) from error
        self._check_signature(one)
        if one.size != self.frontier.size:
            raise errors.LogBroken(_name_checkpoint(one.size), f"it stands after {self.frontier.size} leaves.")
        if one.root != self.frontier.root():
            raise errors.LogBroken(_name_checkpoint(one.size), "the leaves before it do not have its root.")

    def finish(self) -> Verified:
        """Return what was verified, once every leaf was taken."""
        largest = max(self._held, default=0)
        if largest > self.frontier.size:
            reason = f"missing; a checkpoint held outside is of {largest} leaves, so the log was cut."
            raise errors.LogBroken(f"leaf {self.frontier.size}", reason)
        return Verified(self.frontier.size, self.frontier.root(), len(self._held), largest)

    def _check_numbers(self, one: leaf.Leaf) -> None:
        place = f"leaf {one.index} (entry {one.id})"
        if tuple(record for record, _, _ in one.numbers) != one.records:
            raise errors.LogBroken(place, "its numbers are not for the records it concerns.")
        for record, number, before in one.numbers:
            last, index = self._heads.get(record, (0, None))
            if (number, before) != (last + 1, index):
                raise errors.LogBroken(
                    place, f"record {record} goes from number {last} to {number}, or links past a leaf."
                )
            self._heads[record] = (number, one.index)

    def _check_signature(self, one: checkpoint.Checkpoint) -> None:
        try:
            checkpoint.verify(one, self._key)
        except errors.ProofInvalid as error:
            raise errors.LogBroken(_name_checkpoint(one.size), str(error)) from error

    def _compare_held(self) -> None:
        size = self.frontier.size
        root = self._held.get(size)
        if root is None:
            return
        if root != self.frontier.root():
            place = f"leaves {self._sound} to {size - 1}" if size else _name_checkpoint(0)
            raise errors.LogBroken(
                place, "they are not those of the checkpoint held outside: the log was rewritten here."
            )
        self._sound = size


def verify_lines(
    lines: Iterable[bytes], *, key: checkpoint.LogKey, held: Iterable[checkpoint.Checkpoint] = ()
) -> Verified:
    """Verify an export, given line by line without line ends; return what was found whole. Raises LogBroken."""
    verifier = Verifier(key, held)
    for line in lines:
        if line.startswith(_CHECKPOINT_START):
            verifier.check(_read_note(line, verifier.frontier.size))
        else:
            verifier.take(line)
    return verifier.finish()


def read_held(texts: Iterable[str]) -> list[checkpoint.Checkpoint]:
    """Return the checkpoints in these texts, each holding one note or several. Raises NoteMalformed."""
    return [checkpoint.parse(note) for text in texts for note in checkpoint.split_notes(text)]


def write_note(note: str) -> bytes:
    """Return the line, without its end, that holds a checkpoint in an export."""
    return vault.canonical({"checkpoint": note})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit code 0: whole; 1: broken, the first place named; 2: the input could not be used."""
    options = _parse_arguments(arguments)
    try:
        key = checkpoint.parse_key(options.key.read_text(encoding="utf-8"))
        held = read_held(path.read_text(encoding="utf-8") for path in options.checkpoint)
        found = verify_lines(_read_lines(options.export), key=key, held=held)
    except errors.LogBroken as broken:
        print(f"BROKEN at {broken.place}: {broken.reason}")  # noqa: T201 - a command speaks
        return BROKEN
    except (OSError, ValueError) as error:
        print(f"Cannot verify: {error}", file=sys.stderr)  # noqa: T201 - a command speaks
        return UNUSABLE
    print(f"WHOLE: {found.size} leaves, root {found.root.hex()}")  # noqa: T201 - a command speaks
    against = f"Against {found.held} checkpoints held outside, up to leaf {found.held_up_to}."
    print(against if found.held else _ON_ITS_WORD)  # noqa: T201 - a command speaks
    return WHOLE


_ON_ITS_WORD: Final = (
    "No checkpoint held outside was given: whoever has the log's key could have written all of this anew."
)


def _name_checkpoint(size: int) -> str:
    return f"checkpoint of {size} leaves"


def _read_note(line: bytes, size: int) -> str:
    try:
        value = vault.parse_canonical(line)
    except vault.VaultError as error:
        raise errors.LogBroken(_name_checkpoint(size), str(error)) from error
    if not isinstance(value, dict) or value.keys() != {"checkpoint"} or not isinstance(value["checkpoint"], str):
        raise errors.LogBroken(_name_checkpoint(size), "this line is not a checkpoint.")
    return value["checkpoint"]


def _read_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if not line.endswith(b"\n"):
                raise errors.LogBroken(f"line {number} of the export", "it is not a whole line: cut, or too long.")
            yield line[:-1]


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m audit.verify", description="Check an export of the log offline.")
    parser.add_argument("export", type=Path, help="the export, JSON lines")
    parser.add_argument("--key", type=Path, required=True, help="file with the log's public key line")
    parser.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="file with checkpoints held outside (repeatable)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
