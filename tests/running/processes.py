"""The house's own processes, for tests to start, stop and kill."""

import socket
from collections.abc import Callable, Mapping

from exchange.management import embedded
from exchange.management.supervisor import House, Service


class Running:
    """One process of the house on one test's database; it can be killed and started again."""

    def __init__(
        self, house: House, make: Callable[[socket.socket], Service], environment: Mapping[str, str], port: int = 0
    ) -> None:
        """``make`` gives the service afresh for each start; it is lent a socket listening on loopback ``port``."""
        self.house = house
        self.make = make
        self.environment = environment
        self.port = port
        self.name = ""

    @property
    def url(self) -> str:
        """Where it answers, if it does."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Running":
        """Start it and wait until it is ready. Raises ServiceFailed."""
        # Our own end of the socket is closed again, so that a server that was stopped refuses.
        with embedded.listen_on_loopback(self.port) as listener:
            service = self.make(listener)
            self.name = service.name
            self.house.environment.update(self.environment)
            self.house.start(service)
        return self

    @property
    def pid(self) -> int:
        """The id of its main process."""
        return self.house.pid(self.name)

    def stop(self) -> int:
        """Stop it as Ctrl-C does; give its exit code (0 when it is not running)."""
        return self.house.stop(self.name) if self.name in self.house.running else 0

    def kill(self) -> None:
        """Kill it with its children, as a power cut would."""
        self.house.kill(self.name)

    def end(self) -> None:
        """Be rid of it, quickly: the test is over, and its database goes, too."""
        if self.name in self.house.running:
            self.kill()
