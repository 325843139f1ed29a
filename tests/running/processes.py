"""The house's own processes, for tests to start, stop and kill."""

from collections.abc import Callable, Mapping

from exchange.management.supervisor import House, Service


class Running:
    """One process of the house on one test's database; it can be killed and started again."""

    def __init__(self, house: House, make: Callable[[], Service], environment: Mapping[str, str], url: str = "") -> None:
        """``make`` gives the service afresh for each start. ``url`` is where it answers, if it does."""
        self.house = house
        self.make = make
        self.environment = environment
        self.url = url
        self.name = ""

    def start(self) -> "Running":
        """Start it and wait until it is ready. Raises ServiceFailed."""
        service = self.make()
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
