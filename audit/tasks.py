"""The log's own tasks. Each holds ids and hashes only, and is safe to run twice or to be killed."""

from typing import Final

from celery import shared_task

from audit import minutes, numbering, publishing

_MOST_ROUNDS: Final = 20  # so that a task ends well before its time limit; the next takes the rest


@shared_task(name="audit.number")
def number() -> None:
    """Number what waits, and see to it that the newest checkpoint has left."""
    for _ in range(_MOST_ROUNDS):
        if not numbering.number_entries():
            break
    publishing.publish_if_due()


@shared_task(name="audit.close_minutes")
def close_minutes() -> None:
    """Tell of the refusals that past minutes counted."""
    minutes.close_minutes()
