"""The web server's configuration (gunicorn reads the names of this module)."""

import os
from pathlib import Path

from gunicorn.workers.base import Worker

from exchange.management import process

workers = int(os.environ.get("CONFER_WEB_WORKERS", "2"))
worker_class = "sync"
timeout = 60
graceful_timeout = 20
max_requests = 10_000  # a worker's memory is given back now and then
max_requests_jitter = 1_000
accesslog = None  # an address can hold a reference, and what was searched for; the log of the exchange is elsewhere
loglevel = "warning"
control_socket_disable = True
forwarded_allow_ips = os.environ.get("CONFER_PROXY", "127.0.0.1")
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"quiet": {"()": "exchange.quiet.Formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "quiet"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gunicorn.error": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}


def post_worker_init(_worker: Worker) -> None:
    """Before its first request: this process will hold unlocked keys, and its database must keep what it commits."""
    from django.db import connection  # noqa: PLC0415 - this module is read before Django is set up

    from exchange import safety  # noqa: PLC0415 - as above

    process.hide_memory()
    safety.refuse_unsafe_database(connection)
    connection.close()
    if path := os.environ.get("CONFER_READY_FILE"):
        Path(path).touch()
