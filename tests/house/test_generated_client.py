"""A client that somebody else's generator made from our schema can do the whole walk."""

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
import redis

from exchange.management import rehearsal, walking
from exchange.management.caller import Reply, UnexpectedAnswer
from tests.house.walks import name_empty_database
from tests.plugin import Run

ROOT = Path(__file__).resolve().parent.parent.parent
CREATED = 201


class GeneratedCaller:
    """The walk's five ways to call, each through the generated package alone."""

    def __init__(self, package: str, origin: str) -> None:
        self.package = package
        self.client = self._module("client").Client(base_url=origin)

    def sign_in(self, email: str, passphrase: str, code: str) -> None:
        """Open a session and keep an authenticated client."""
        body = {"email": email, "passphrase": passphrase, "code": code}
        reply = self.ask("sign_in", body)
        assert reply.status == CREATED, reply
        origin = self.client._base_url
        self.client = self._module("client").AuthenticatedClient(base_url=origin, token=reply.body["bearer"])

    def call(
        self,
        operation: str,
        body: object = None,
        *,
        expect: int = 200,
        query: Mapping[str, object] | None = None,
        **path: str,
    ) -> Any:
        """Call and insist on the status."""
        reply = self.ask(operation, body, query=query, **path)
        if reply.status != expect:
            raise UnexpectedAnswer(f"{operation} answered {reply.status}: {reply.body}")
        return reply.body

    def ask(
        self, operation: str, body: object = None, *, query: Mapping[str, object] | None = None, **path: str
    ) -> Reply:
        """Call, whatever comes back."""
        module = self._operation(operation)
        arguments: dict[str, Any] = {**path, **(query or {})}
        if operation == "read_why":
            arguments["entry"] = int(path["entry"])
        if body is not None:
            arguments["body"] = module.sync_detailed.__annotations__["body"]
            arguments["body"] = self._find_class(arguments["body"]).from_dict(body)
        found = module.sync_detailed(client=self.client, **arguments)
        return _reply(found)

    def upload(self, operation: str, content: bytes, *, name: str, kind: str, **path: str) -> Reply:
        """Send a file."""
        module = self._operation(operation)
        file = self._module("types").File(payload=content)
        found = module.sync_detailed(
            client=self.client, body=file, x_confer_file_name=quote(name), x_confer_file_type=kind, **path
        )
        return _reply(found)

    def _operation(self, name: str) -> ModuleType:
        """The operation's module, whichever subject the generator put it under."""
        found = pkgutil.walk_packages(self._module("api").__path__, f"{self.package}.api.")
        return importlib.import_module(next(module.name for module in found if module.name.endswith(f".{name}")))

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.package}.{name}")

    def _find_class(self, annotation: Any) -> Any:
        # A body that may be left out is annotated as a union with the generator's own "unset".
        kinds = annotation.__args__ if hasattr(annotation, "__args__") else (annotation,)
        return next(kind for kind in kinds if hasattr(kind, "from_dict"))


def _reply(found: Any) -> Reply:
    headers = {name.title(): value for name, value in found.headers.items()}
    is_json = "json" in headers.get("Content-Type", "")
    return Reply(
        int(found.status_code), json.loads(found.content) if is_json and found.content else found.content, headers
    )


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package generated from the schema as it is now, importable."""
    schema = tmp_path / "schema.json"
    _run("manage.py", "spectacular", "--format", "openapi-json", "--file", str(schema), "--fail-on-warn", "--validate")
    name = "generated_confer_client"
    command = "import sys; from openapi_python_client.cli import app; sys.argv[0] = 'openapi-python-client'; app()"
    _run("-c", command, "generate", "--path", str(schema), "--output-path", str(tmp_path / name), "--meta", "none")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_generated_client_can_do_the_walk(
    package: str, run: Run, broker: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broker.ping()
    folder = tmp_path / "house"
    said: list[str] = []
    rehearsal.prepare_folder(folder)
    environment, cast = rehearsal_environment(run, folder, monkeypatch), folder / "cast.json"
    rehearsal.set_stage(environment, cast, said.append)
    with rehearsal.open_house(environment, folder, port=0, say=said.append) as box:
        going = rehearsal.make_walk(box, cast, said.append)
        going.make_caller = lambda url: GeneratedCaller(package, url)  # type: ignore[assignment, return-value]
        walking.walk(going)
    assert len(going.callers) >= len(walking.STEPS) - 4  # the people of the walk
    assert all(isinstance(caller, GeneratedCaller) for caller in going.callers.values())


def rehearsal_environment(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The names of an empty database; the run's own mail server is left out, so that the walk's is used."""
    monkeypatch.delenv("CONFER_MAIL", raising=False)
    return name_empty_database(run, folder)


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
