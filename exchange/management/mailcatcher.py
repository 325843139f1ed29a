"""A real SMTP server that delivers to a folder: the last stop of mail on one box and in the tests.

``python -m exchange.management.mailcatcher FOLDER`` with ``--descriptor 5`` (a listening socket that was handed over),
or with ``--listen HOST:PORT``.
"""

import argparse
import asyncio
import itertools
import os
import signal
import socket
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_COUNT = itertools.count()


class FolderHandler:
    """Writes each message as one ``.eml`` file; names sort in order of arrival."""

    def __init__(self, folder: Path) -> None:
        """Deliver into ``folder``."""
        self.folder = folder

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the message whole or not at all: whoever lists the folder never sees half of one."""
        name = f"{time.time_ns():020d}-{next(_COUNT):06d}.eml"
        draft = self.folder / f".{name}"
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        recipients = "".join(f"X-Delivered-To: {each}\r\n" for each in envelope.rcpt_tos)
        draft.write_bytes(recipients.encode() + content)
        draft.rename(self.folder / name)
        return "250 Kept"


async def serve(listener: socket.socket, folder: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, done.set)
    handler = FolderHandler(folder)
    server = await loop.create_server(lambda: SMTP(handler, hostname="mail.example.org", loop=loop), sock=listener)
    _say_ready()
    await done.wait()
    server.close()


def _say_ready() -> None:
    if ready := os.environ.get("CONFER_READY_FILE"):
        Path(ready).touch()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--descriptor", type=int)
    where.add_argument("--listen", metavar="HOST:PORT")
    options = parser.parse_args()
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if options.descriptor is not None:
        listener = socket.socket(fileno=options.descriptor)
    else:
        host, _, port = options.listen.rpartition(":")
        listener = socket.create_server((host, int(port)))
    asyncio.run(serve(listener, options.folder))


if __name__ == "__main__":
    main()
