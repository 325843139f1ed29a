"""A small client of the API that knows it only through its schema: every call is by operation name."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT = 60  # seconds
CREATED = 201


class UnexpectedAnswer(Exception):
    """An answer whose status is not the one expected; says which, and the problem's own sentence."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Caller:
    """One person (or nobody yet) at the door of the API."""

    origin: str
    bearer: str = ""
    operations: Mapping[str, tuple[str, str]] | None = None

    def sign_in(self, email: str, passphrase: str, code: str) -> None:
        """Open a session, and read the schema, which strangers do not get. Raises `UnexpectedAnswer`."""
        reply = self.send("POST", "/api/v1/session", {"email": email, "passphrase": passphrase, "code": code})
        if reply.status != CREATED:
            raise UnexpectedAnswer(f"signing in answered {reply.status}: {_say(reply.body)}")
        self.bearer = reply.body["bearer"]
        self.learn()

    def learn(self) -> None:
        """Read the schema: operation names to method and path."""
        schema = self.send("GET", "/api/v1/schema").body
        self.operations = {
            operation["operationId"]: (method.upper(), path)
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
        }

    def call(
        self,
        operation: str,
        body: object = None,
        *,
        expect: int = 200,
        query: Mapping[str, object] | None = None,
        **path: str,
    ) -> Any:  # noqa: ANN401 - JSON
        """Call an operation of the schema; its parsed answer. Raises `UnexpectedAnswer`."""
        reply = self.ask(operation, body, query=query, **path)
        if reply.status != expect:
            raise UnexpectedAnswer(
                f"{operation} answered {reply.status} where {expect} was expected: {_say(reply.body)}"
            )
        return reply.body

    def ask(
        self, operation: str, body: object = None, *, query: Mapping[str, object] | None = None, **path: str
    ) -> Reply:
        """Call an operation, whatever comes back."""
        method, address = self._address(operation, path)
        return self.send(method, f"{address}?{urlencode(query)}" if query else address, body)

    def upload(self, operation: str, content: bytes, *, name: str, kind: str, **path: str) -> Reply:
        """Send a file as the body of an operation."""
        method, address = self._address(operation, path)
        headers = {"X-Confer-File-Name": quote(name), "X-Confer-File-Type": kind}
        return self.send(method, address, content, headers)

    def _address(self, operation: str, path: Mapping[str, str]) -> tuple[str, str]:
        if self.operations is None:
            raise UnexpectedAnswer("The schema has not been read yet.")
        method, pattern = self.operations[operation]
        return method, pattern.format(**{name: quote(value, safe="") for name, value in path.items()})

    def send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One HTTP request; JSON unless `body` is bytes."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", **(headers or {})}
        if data is not None:
            sent.setdefault(
                "Content-Type", "application/octet-stream" if isinstance(body, bytes) else "application/json"
            )
        if self.bearer:
            sent["Authorization"] = f"Bearer {self.bearer}"
        request = urllib.request.Request(self.origin + path, data=data, headers=sent, method=method)  # noqa: S310 - our own http address
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                return _reply(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as refused:
            return _reply(refused.code, refused.read(), dict(refused.headers))


def _reply(status: int, content: bytes, headers: Mapping[str, str]) -> Reply:
    is_json = "json" in headers.get("Content-Type", "")
    return Reply(status, json.loads(content) if is_json and content else content, headers)


def _say(body: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(body, dict):
        faults = "; ".join(f"{e.get('field')}: {e.get('sentence')}" for e in body.get("errors", []))
        return f"{body.get('detail', '')} {faults}".strip()
    return "an answer that is not a problem"
