"""Clocks count hours in UTC, whatever the hands on the wall do."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from exchange.guidance import deadlines
from exchange.guidance.edition import Edition
from exchange.guidance.errors import UnknownCode

# An hour before the clocks go back in England.
SENT = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("urgency", "hours"), [("IMMEDIATE_999", 1), ("RED", 4), ("AMBER", 24), ("GREEN", 72)])
def test_acknowledgement_is_due_after_the_clock_hours_of_its_urgency(
    england: Edition, urgency: str, hours: int
) -> None:
    due = deadlines.acknowledge_by(england, urgency, SENT)
    assert due == SENT + timedelta(hours=hours)
    assert due.tzinfo is UTC


def test_an_unknown_urgency_has_no_clock(england: Edition) -> None:
    with pytest.raises(UnknownCode):
        deadlines.acknowledge_by(england, "BLUE_NO_SHARE", SENT)


@pytest.mark.parametrize(
    "moment",
    [
        SENT.replace(tzinfo=None),
        SENT.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/London")),
    ],
)
def test_a_time_that_is_not_utc_is_refused(england: Edition, moment: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        deadlines.acknowledge_by(england, "RED", moment)
    with pytest.raises(ValueError, match="UTC"):
        deadlines.expires_at(england, "STRAT", moment)


def test_a_grant_expires_after_the_days_of_its_purpose(england: Edition) -> None:
    assert deadlines.expires_at(england, "MASH", SENT) == SENT + timedelta(days=90)
    with pytest.raises(UnknownCode):
        deadlines.expires_at(england, "GOSSIP", SENT)
