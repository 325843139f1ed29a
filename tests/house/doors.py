"""Two ways to the same API: inside this process, and through a real server. What is asked is the same."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests import cast

API = "/api/v1/"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The content, parsed."""
        return json.loads(self.content)


class Door(Protocol):
    """Asks as one of the cast (or "" for a stranger) and gives what came back."""

    def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask below ``/api/v1/``, or anywhere when the path begins with a slash."""


class Inside:
    """The door in this process: every middleware, no socket."""

    def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask as Django's own client does."""
        bearer = {"Authorization": f"Bearer {cast.person(who).bearer}"} if who else {}
        client = cast.person(who or "stan").client
        client.cookies.clear()
        client.handler.enforce_csrf_checks = True
        client.raise_request_exception = False  # a fault must be seen as its asker sees it
        sent = {**bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
        kind = sent.pop("Content-Type", "application/json")
        answer = client.generic(method, place(path), spell(body), content_type=kind, headers=sent)
        content = b"".join(getattr(answer, "streaming_content", ())) if answer.streaming else answer.content
        return Answer(answer.status_code, content, dict(answer.headers))


class OverHttp:
    """The door of a real server. Bearers are kept here: ``bearers`` maps a name to the one in force."""

    def __init__(self, url: str) -> None:
        """Talk to the server at ``url``."""
        self.host = urlsplit(url).netloc
        self.bearers: dict[str, str] = {}

    def ask(self, who: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask over a connection of its own."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who:
            sent["Authorization"] = f"Bearer {self.bearer(who)}"
        sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, place(path), spell(body), sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def bearer(self, who: str) -> str:
        """Sign in through the server the first time."""
        if who not in self.bearers:
            kept = cast.person(who)
            typed = {"email": kept.email, "passphrase": kept.passphrase, "code": kept.secrets.spare_codes[0]}
            answer = self.ask("", "POST", "session", typed)
            assert answer.status == 201, answer.content
            self.bearers[who] = answer.json()["bearer"]
        return self.bearers[who]


def place(path: str) -> str:
    """The whole path of an address."""
    return path if path.startswith("/") else API + path


def spell(body: object) -> bytes:
    """Bytes as they are, nothing as nothing, anything else as JSON."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()
