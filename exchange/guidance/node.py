"""A place in an edition file: takes exactly what was meant to be there, or says where it is not. Nothing is coerced."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final, Literal, TypeVar

from exchange.guidance.errors import GuidanceError

MAX_TEXT: Final = 500
MAX_ITEMS: Final = 200
CODE_PATTERN: Final = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
WORD_PATTERN: Final = re.compile(r"[a-z]{3,12}")
DAY_PATTERN: Final = re.compile(r"\d{4}-\d{2}-\d{2}")

L = TypeVar("L", bound=str)


class Node:
    """One JSON value together with its path. Each method returns the value as one type or raises GuidanceError."""

    __slots__ = ("path", "value")

    def __init__(self, path: str, value: object) -> None:
        self.path = path
        self.value = value

    def refuse(self, problem: str, remedy: str) -> GuidanceError:
        """Return the error for this place."""
        return GuidanceError(self.path, problem, remedy)

    def members(self, *names: str) -> dict[str, "Node"]:
        """Return the named members of an object that has these members, all of them and no other."""
        if not isinstance(self.value, dict):
            raise self.refuse("this is not an object.", f"Give an object with: {', '.join(names)}.")
        unknown = [key for key in self.value if key not in names]
        if unknown:
            raise self.refuse(f"unknown key {unknown[0]!r}.", f"Known keys here: {', '.join(names)}.")
        missing = [name for name in names if name not in self.value]
        if missing:
            raise self.refuse(f"{missing[0]!r} is missing.", "Add it; no key may be left out.")
        return {name: Node(f"{self.path}.{name}" if self.path else name, self.value[name]) for name in names}

    def items(self) -> Iterator["Node"]:
        """Yield the items of a list that is neither empty nor longer than 200."""
        if not isinstance(self.value, list):
            raise self.refuse("this is not a list.", "Give a list.")
        if not 1 <= len(self.value) <= MAX_ITEMS:
            raise self.refuse(f"{len(self.value)} items.", f"Give between 1 and {MAX_ITEMS}.")
        for index, item in enumerate(self.value):
            yield Node(f"{self.path}[{index}]", item)

    def text(self) -> str:
        """Return a single line of 1 to 500 printable characters without spaces at the ends."""
        value = self.value
        if not isinstance(value, str) or not value or value != value.strip() or not value.isprintable():
            raise self.refuse("this is not a line of text.", "Give one printable line, without spaces at its ends.")
        if len(value) > MAX_TEXT:
            raise self.refuse(f"{len(value)} characters.", f"Keep it to {MAX_TEXT}.")
        return value

    def text_or_none(self) -> str | None:
        """Return a line of text, or None where the file says null."""
        return None if self.value is None else self.text()

    def code(self, pattern: re.Pattern[str] = CODE_PATTERN) -> str:
        """Return a code of the given grammar: by default capitals, digits and underscores, 2 to 40 of them."""
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            raise self.refuse("this is not a code.", f"A code here matches {pattern.pattern}.")
        return self.value

    def truth(self) -> bool:
        """Return true or false; 0, 1 and "yes" are neither."""
        if not isinstance(self.value, bool):
            raise self.refuse("this is not true or false.", "Write true or false.")
        return self.value

    def number(self, low: int, high: int) -> int:
        """Return a whole number within the bounds, both included."""
        # bool is an int in Python: true must not pass for one hour.
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not low <= self.value <= high:
            raise self.refuse("this is not a whole number in bounds.", f"Give a number from {low} to {high}.")
        return self.value

    def day(self) -> date:
        """Return a day written YYYY-MM-DD."""
        # fromisoformat alone would also take 20260429 and week dates: one day, one spelling.
        if isinstance(self.value, str) and DAY_PATTERN.fullmatch(self.value):
            try:
                return date.fromisoformat(self.value)
            except ValueError:
                pass
        raise self.refuse("this is not a day.", "Write it as YYYY-MM-DD.")

    def commencement(self) -> date | Literal["in_force", "awaited"]:
        """Return "in_force", "awaited", or a day."""
        if self.value == "in_force":
            return "in_force"
        return "awaited" if self.value == "awaited" else self.day()

    def one_of(self, choices: tuple[L, ...]) -> L:
        """Return the one of the choices that stands here."""
        for choice in choices:
            if self.value == choice:
                return choice
        raise self.refuse("this is not one of the choices.", f"Choose one of: {', '.join(choices)}.")
