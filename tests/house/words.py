"""Words that occur nowhere else: what a test puts in, to look for everywhere it must not come out."""

import secrets
import string

STEM, REST = 11, 10
LENGTH = STEM + REST
CONSONANTS, VOWELS = "bdfgklmnprtvz", "aeiou"


class Words:
    """Unique random words that share one random stem, so that a scan for the stem is a scan for them all.

    The stem has over 40 random bits and each word 40 more; both are mixed case, and shaped so that no encoding of them
    is likely to turn up by chance.
    """

    def __init__(self) -> None:
        """Draw the stem."""
        self.stem = "Q" + _draw(STEM - 1).capitalize()
        self.issued: list[str] = []

    def new(self) -> str:
        """A word never given before."""
        self.issued.append(self.stem + _draw(REST))
        return self.issued[-1]

    def small(self) -> str:
        """The same in lower case, for what must be a local id."""
        return self.new().lower()

    def sentence(self) -> str:
        """A sentence with two words in it."""
        return f"The {self.new()} was seen with 'é' and \"{self.new()}\" at noon."

    def are_in(self, content: bytes) -> bool:
        """Whether any of them stands in plain content."""
        return self.stem.lower().encode() in content.lower()


def _draw(length: int) -> str:
    kinds = (CONSONANTS, VOWELS)
    return "".join(secrets.choice(kinds[place % 2]) for place in range(length - 1)) + secrets.choice(
        string.ascii_lowercase
    )
