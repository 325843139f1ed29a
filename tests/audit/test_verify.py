"""The offline verifier finds whatever was done to an export, says where, and trusts nobody."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit import checkpoint, errors, leaf, verify
from tests.audit import chain

LEAVES = chain.make_leaves([["C-1"], ["C-1", "C-2"], [], ["C-2"], ["C-1"], ["C-3"], ["C-1", "C-3"], ["C-2"]])
LINES = [leaf.encode(one) for one in LEAVES]
HELD = [checkpoint.parse(chain.sign_state(LEAVES, size)) for size in (3, 6, 8)]


def find_break(lines: list[bytes], held: list[checkpoint.Checkpoint] | None = None) -> str:
    """Return the place at which the verifier stops."""
    with pytest.raises(errors.LogBroken) as broken:
        verify.verify_lines(lines, key=chain.KEY, held=HELD if held is None else held)
    return broken.value.place


def rewrite(changed: leaf.Leaf) -> list[bytes]:
    """Return the export an owner of the signing key would write, in which one leaf is another, and all else fits."""
    return [leaf.encode(changed if one.index == changed.index else one) for one in LEAVES]


def test_a_whole_log_is_found_whole() -> None:
    found = verify.verify_lines(LINES, key=chain.KEY, held=HELD)
    assert (found.size, found.root, found.held, found.held_up_to) == (8, HELD[-1].root, 3, 8)


def test_checkpoints_within_the_export_are_checked() -> None:
    note = verify.write_note(chain.sign_state(LEAVES, 3))
    verify.verify_lines([*LINES[:3], note, *LINES[3:]], key=chain.KEY)
    assert find_break([*LINES[:2], note, *LINES[2:]], []) == "checkpoint of 3 leaves"
    other = verify.write_note(chain.sign_state(chain.make_leaves([["C-9"]] * 3), 3))
    assert find_break([*LINES[:3], other], []) == "checkpoint of 3 leaves"
    assert find_break([*LINES[:3], note + b" "], []) == "checkpoint of 3 leaves"


def test_any_changed_byte_is_found_and_its_leaf_named() -> None:
    for index in (0, 4, 7):
        for place in range(0, len(LINES[index]), 7):
            line = bytearray(LINES[index])
            line[place] ^= 1
            broken = find_break([*LINES[:index], bytes(line), *LINES[index + 1 :]])
            below = max([0, *(one.size for one in HELD if one.size <= index)])
            above = min(one.size for one in HELD if one.size > index)
            assert broken.startswith(f"leaf {index}") or broken == f"leaves {below} to {above - 1}"


def test_a_rewritten_leaf_is_found_between_two_held_checkpoints() -> None:
    assert find_break(rewrite(dataclasses.replace(LEAVES[4], person="mallory"))) == "leaves 3 to 5"
    assert find_break(rewrite(dataclasses.replace(LEAVES[0], person="mallory"))) == "leaves 0 to 2"


def test_the_newest_leaf_is_covered_too() -> None:
    assert find_break(rewrite(dataclasses.replace(LEAVES[7], outcome="failed"))) == "leaves 6 to 7"


def test_what_no_checkpoint_held_outside_covers_rests_on_the_logs_own_word() -> None:
    found = verify.verify_lines(rewrite(dataclasses.replace(LEAVES[7], outcome="failed")), key=chain.KEY, held=HELD[:2])
    assert found.held_up_to == 6


def test_a_removed_leaf_is_found() -> None:
    assert find_break([*LINES[:5], *LINES[6:]]) == "leaf 5"


def test_a_cut_tail_is_found() -> None:
    assert find_break(LINES[:-1]) == "leaf 7"
    assert find_break([]) == "leaf 0"


def test_two_exchanged_leaves_are_found() -> None:
    assert find_break([*LINES[:4], LINES[5], LINES[4], *LINES[6:]]) == "leaf 4"


@pytest.mark.parametrize("number", [("C-2", 1, 1), ("C-2", 3, 1), ("C-2", 2, 0), ("C-2", 2, None), ("C-9", 2, 1)])
def test_a_gap_in_a_records_numbers_is_found_even_if_all_was_signed_anew(number: leaf.Number) -> None:
    assert find_break(rewrite(dataclasses.replace(LEAVES[3], numbers=(number,))), []) == "leaf 3 (entry 4)"


def test_two_histories_are_found() -> None:
    other = chain.make_leaves([["C-9"]] * 6)
    fork = checkpoint.parse(chain.sign_state(other, 6))
    assert find_break(LINES, [*HELD, fork]) == "checkpoint of 6 leaves"


def test_a_held_checkpoint_of_another_key_is_refused() -> None:
    held = dataclasses.replace(HELD[0], origin="other.example.org/log")
    assert find_break(LINES, [held]) == "checkpoint of 3 leaves"


def run_command(tmp_path: Path, lines: list[bytes]) -> subprocess.CompletedProcess[str]:
    """Run the command as a stranger would: nothing of ours set, and Django not to be imported."""
    (tmp_path / "django").mkdir()
    (tmp_path / "django" / "__init__.py").write_text("raise ImportError('a stranger has no Django')")
    (tmp_path / "export.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "log.pub").write_text(chain.KEY.format() + "\n")
    (tmp_path / "held.txt").write_text("\n".join(chain.sign_state(LEAVES, size) for size in (3, 6)))
    (tmp_path / "newest.txt").write_text(chain.sign_state(LEAVES, 8))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONFER_", "DJANGO_"))}
    root = str(Path(__file__).resolve().parents[2])
    files = ["export.jsonl", "--key", "log.pub", "--checkpoint", "held.txt", "--checkpoint", "newest.txt"]
    return subprocess.run(
        [sys.executable, "-m", "audit.verify", *files],
        cwd=tmp_path,
        env=clean | {"PYTHONPATH": f"{tmp_path}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_needs_nothing_of_ours_and_says_whole(tmp_path: Path) -> None:
    done = run_command(tmp_path, LINES)
    assert (done.returncode, done.stderr) == (verify.WHOLE, "")
    assert done.stdout.startswith("WHOLE: 8 leaves")
    assert "3 checkpoints held outside" in done.stdout


def test_the_command_names_the_place_and_fails(tmp_path: Path) -> None:
    done = run_command(tmp_path, rewrite(dataclasses.replace(LEAVES[4], person="mallory")))
    assert done.returncode == verify.BROKEN
    assert done.stdout.startswith("BROKEN at leaves 3 to 5: ")


def test_the_command_tells_a_broken_log_from_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.pub").write_text("no key")
    assert verify.main([str(tmp_path / "none"), "--key", str(tmp_path / "none")]) == verify.UNUSABLE
    assert verify.main([str(tmp_path / "none"), "--key", str(tmp_path / "log.pub")]) == verify.UNUSABLE
    assert "Cannot verify" in capsys.readouterr().err
