"""The whole exchange on one machine: web, worker and beat, and a broker and a mail catcher where none are named."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from exchange.management import embedded, supervisor


@dataclass(frozen=True)
class Box:
    """What is running. ``environment`` is what every process was told; ``mail`` is None when mail really leaves."""

    house: supervisor.House
    url: str
    environment: Mapping[str, str]
    mail: Path | None


@contextmanager
def running(
    environment: Mapping[str, str],
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    logs: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Iterator[Box]:
    """Run everything until the block ends.

    ``environment`` is added to this process's own; a CONFER_BROKER or CONFER_MAIL in either is used instead of an
    embedded one. ``data`` keeps queue and caught mail. ``logs`` is a folder for what the processes print (None: here).
    Raises ServiceFailed, and OSError when the port is taken.
    """
    with ExitStack() as resources:
        sockets = resources.enter_context(embedded.short_folder())
        whole = embedded.base_environment() | dict(environment)
        listener = resources.enter_context(embedded.listen_on_loopback(port, host))
        url = f"http://{embedded.address_of(listener)}"
        whole.setdefault("CONFER_ORIGIN", url)

        def log(name: str) -> Path | None:
            return logs / f"{name}.log" if logs else None

        if logs:
            logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        services, mail = [], None
        if "CONFER_BROKER" not in whole:
            whole["CONFER_BROKER"] = embedded.broker_url(sockets)
            services.append(embedded.broker(sockets, data / "queue", log("broker")))
        if "CONFER_MAIL" not in whole:
            post = resources.enter_context(embedded.listen_on_loopback())
            mail = data / "mail"
            whole["CONFER_MAIL"] = f"smtp://{embedded.address_of(post)}"
            services.append(embedded.mail_catcher(post, mail, sockets / "mail.ready", log("mail")))
        services += [
            embedded.worker(sockets / "worker.ready", log=log("worker")),
            embedded.beat(sockets / "beat.ready", log("beat")),
            embedded.web(listener, sockets / "web.ready", log=log("web")),
        ]
        house = resources.enter_context(supervisor.running(services, whole, report))
        yield Box(house, url, whole, mail)
