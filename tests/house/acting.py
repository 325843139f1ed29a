"""Longer acts that several tests need."""

import secrets
import time
from base64 import b32decode
from urllib.parse import parse_qs, urlsplit

from accounts import joining, passphrases, people, second_factor, sessions, signin
from accounts.keyring import Keyholder
from accounts.people import PersonDetails
from tests import cast


def admit_newcomer(place: str, lead: str) -> Keyholder:
    """Invite somebody new to a team, make their keys, admit them, sign them in; their keyholder."""
    email, passphrase = f"{secrets.token_hex(6)}@example.org", passphrases.suggest()
    details = PersonDetails("Noor Newcomer", email, "EMPLOYEE")
    secret = people.invite(details, team_id=cast.team(place), role="practitioner", by=cast.person(lead).keyholder())
    taken = joining.take_invitation(secret, passphrase)
    seed = b32decode(parse_qs(urlsplit(taken.authenticator_uri).query)["secret"][0])
    shown = second_factor.make_code(seed, at=time.time())
    joining.confirm_invitation(secret, passphrase, taken.recovery_code, shown)
    for waiting in people.waiting_for(cast.person(lead).keyholder()):
        people.admit(waiting.invitation_id, waiting.fingerprint, by=cast.person(lead).keyholder())
    opened = signin.sign_in(signin.Attempt(email, passphrase, taken.spare_codes[0], "127.0.0.1"))
    return sessions.resume(opened.bearer)
