"""Log lines without content: an exception keeps its type and its place, and loses its words."""

import logging
import re
import traceback
from types import TracebackType

QUERY = re.compile(r"\?\S*")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Formatter(logging.Formatter):
    """Formats a record as one line, then the places of an exception's stack, if there is one.

    The message of an exception may quote what somebody typed (a database error quotes whole rows), and the part of an
    address after its question mark is what they searched for. Neither is written.
    """

    def __init__(self) -> None:
        """Set the line's shape: time, level, logger, message."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; the record itself stays as it is, for other handlers."""
        quiet = logging.makeLogRecord(record.__dict__)
        quiet.msg, quiet.args, quiet.exc_text = QUERY.sub("?", _say(record)), (), None
        return super().format(quiet)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the name is logging's
        """Give the type and the places of the exception and of those it came from."""
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            lines += _places(error)
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def _say(record: logging.LogRecord) -> str:
    """Give the message, with every exception among its arguments cut down to its type."""
    if record.name.startswith("celery.app.trace"):
        data = getattr(record, "data", None) or {}
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        return f"task {data.get('name', '?')} {data.get('id', '?')} {error}".rstrip()
    if (request := getattr(record, "request", None)) is not None and hasattr(request, "path"):
        return _say_request(record, request)
    if record.name == "gunicorn.error" and str(record.msg).startswith("Invalid request"):
        return str(record.msg).partition(": ")[0]  # what follows quotes the request
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(type(each).__name__ if isinstance(each, BaseException) else each for each in arguments)
    return str(record.msg) % arguments if arguments else str(record.msg)


def _say_request(record: logging.LogRecord, request: object) -> str:
    """Give status, method and the pattern of the address: what stands in an address may have been typed."""
    match = getattr(request, "resolver_match", None)
    route = f"/{match.route}" if match else "an address there is not"
    method = getattr(request, "method", "")
    return f"{getattr(record, 'status_code', '')} {method if method in METHODS else 'unknown method'} {route}".strip()


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [type(error).__qualname__, *(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)]
