"""Worker and clock. Tasks take ids, are safe to run twice, and leave no result behind."""

import os
import sys
from logging.config import dictConfig
from pathlib import Path
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from exchange import safety

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")

# Seconds. A task whose worker was killed is handed out again after half as much again.
LONGEST_TASK = int(os.environ.get("CONFER_LONGEST_TASK", "60"))


def every(task: str, seconds: float) -> dict[str, Any]:
    """Give one line of the clock. A call that waited for a dead worker too long is dropped: the next does its work."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(10.0, 2 * seconds)}}


app = Celery("confer")
app.conf.update(
    broker_url=settings.CONFER_BROKER,
    broker_connection_retry_on_startup=True,
    # Redis and Valkey hand an unacknowledged task out again only when they sweep; the defaults would take an hour.
    broker_transport_options={
        "visibility_timeout": LONGEST_TASK * 3 // 2,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    }
    if settings.CONFER_BROKER.startswith("redis")
    else {},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=LONGEST_TASK,
    task_ignore_result=True,
    result_backend=None,
    task_serializer="json",
    accept_content=["json"],
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_send_task_events=False,
    enable_utc=True,
    timezone=settings.TIME_ZONE,
    # Everything on the clock is short and may be missed once, so it keeps no file of when it last ran.
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=1,
    beat_schedule={
        "number": every("audit.number", 1),
        "close-minutes": every("audit.close_minutes", 20),
        "deliver-notices": every("exchange.deliver_notices", 2),
        "expire": every("exchange.expire", 30),
        "chase": every("exchange.chase", 60),
    },
)
app.autodiscover_tasks()


@signals.setup_logging.connect
def set_up_logs(**_: object) -> None:
    """Log as the settings say. That anyone listens to this signal keeps Celery from setting up logs of its own."""
    dictConfig(settings.LOGGING)


@signals.worker_init.connect
def refuse_unsafe_database(**_: object) -> None:
    """Keep a worker from starting on a database that may lose what it commits. Ends the process with the reason."""
    try:
        safety.refuse_unsafe_database(connection)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    finally:
        connection.close()


@signals.worker_ready.connect
@signals.beat_init.connect
def say_ready(**_: object) -> None:
    """Make the file the supervisor waits for, if it named one."""
    if path := os.environ.get("CONFER_READY_FILE"):
        Path(path).touch()
