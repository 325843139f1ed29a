"""Rows about agencies, teams, people and keys; constraints, no behaviour."""

from accounts.models.agency import Agency, Agreement
from accounts.models.keys import KeyStatement, PersonKeys, SealedSecrets, TeamEpoch, TeamKeyWrap
from accounts.models.person import Invitation, Person
from accounts.models.session import SecondFactorCode, Session, SigninThrottle
from accounts.models.team import Membership, Team

__all__ = [
    "Agency",
    "Agreement",
    "Invitation",
    "KeyStatement",
    "Membership",
    "Person",
    "PersonKeys",
    "SealedSecrets",
    "SecondFactorCode",
    "Session",
    "SigninThrottle",
    "Team",
    "TeamEpoch",
    "TeamKeyWrap",
]
