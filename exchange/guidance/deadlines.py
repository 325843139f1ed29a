"""When something is due. All times are UTC and count clock hours: nights, weekends and the change of the clocks too."""

from datetime import UTC, datetime, timedelta

from exchange.guidance.edition import Edition


def acknowledge_by(edition: Edition, urgency: str, sent_at: datetime) -> datetime:
    """Return the instant (UTC) by which the recipient acknowledges.

    `sent_at` must say it is UTC, or ValueError: an hour lost to a local clock is an hour in which nobody is chased.
    Raises UnknownCode for an urgency the edition does not have.
    """
    return _require_utc(sent_at) + timedelta(hours=edition.acknowledgement_clocks[urgency].hours)


def expires_at(edition: Edition, purpose: str, sent_at: datetime) -> datetime:
    """Return the instant (UTC) at which a grant for this purpose expires by default. Errors as `acknowledge_by`."""
    return _require_utc(sent_at) + timedelta(days=edition.purposes[purpose].expiry_days)


def _require_utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        message = "give the time in UTC, with its zone"
        raise ValueError(message)
    return moment.astimezone(UTC)
