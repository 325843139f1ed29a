"""A server that speaks S3, as a process of its own on loopback; what it holds is gone when it stops."""

import http.client
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from exchange.management.supervisor import House, Service

NAME = "objects"


class Objects:
    """The server: it can be killed and started again at the same address."""

    def __init__(self, house: House, log: Path) -> None:
        """Find an address; nothing answers there yet."""
        self.house, self.log = house, log
        with socket.create_server(("127.0.0.1", 0)) as finder:
            self.port = int(finder.getsockname()[1])

    @property
    def url(self) -> str:
        """Where it answers, if it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, unless it runs, and wait until it answers. Raises ServiceFailed."""
        if NAME not in self.house.running:
            command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port))
            self.house.start(Service(NAME, command, self._answers, log=self.log))

    def kill(self) -> None:
        """Be rid of it at once, as a power cut would."""
        if NAME in self.house.running:
            self.house.kill(NAME)

    def _answers(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/moto-api/")
            return asking.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            asking.close()


@contextmanager
def lend_half_an_answer(body: bytes, claimed: int) -> Iterator[str]:
    """Lend the address of a server that begins every answer, promises `claimed` bytes, and then goes away."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        ended: list[bool] = []

        def answer() -> None:
            while not ended:
                try:
                    caller, _ = listener.accept()
                except TimeoutError:
                    continue
                with caller:
                    caller.recv(65536)
                    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % claimed + body)

        thread = Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.append(True)
            thread.join()
