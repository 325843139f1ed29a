"""Passphrases: six random words are offered; anything else must be as hard to guess."""

import secrets

from xkcdpass import xkcd_password
from zxcvbn import zxcvbn

import vault

SHORTEST, LONGEST = 12, 200
WORDS = 6
# zxcvbn: 4 of 4 means more than 10^10 guesses; the weakest passphrase opens the team, so nothing less is taken.
STRONG_ENOUGH = 4

_WORDLIST = xkcd_password.generate_wordlist(xkcd_password.locate_wordfile("eff-long"), min_length=3, max_length=9)


def suggest() -> str:
    """Six words drawn at random from the EFF's long list (over 77 bits)."""
    return " ".join(secrets.choice(_WORDLIST) for _ in range(WORDS))


def find_fault(passphrase: str, *, personal: list[str]) -> str:
    """One plain sentence saying what is wrong with a passphrase, or "" when it will do."""
    try:
        # Judged as it will be stretched: wide letters are narrow ones by then, and runs of space are one.
        spelt = vault.normalise_passphrase(passphrase)
    except vault.VaultError:
        return "Use letters, digits, punctuation and spaces only; six random words are easiest."
    if not SHORTEST <= len(spelt) <= LONGEST or len(passphrase) > LONGEST:
        return f"Use between {SHORTEST} and {LONGEST} characters; six random words are easiest."
    # zxcvbn's work grows fast with length; past 72 characters it could only say "strong".
    if zxcvbn(spelt[:72], user_inputs=personal)["score"] < STRONG_ENOUGH:
        return "That could be guessed. Use six random words, such as the ones suggested."
    return ""
