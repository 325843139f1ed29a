"""The county's set-up holds together: what it names is there, what must be reached can be, and secrets are files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exchange import environment

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SETUP: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = SETUP["services"]
WITH_SETTINGS = ("web", "worker", "beat", "migrate", "make-bucket")


@pytest.mark.parametrize("kind", ["secrets", "volumes", "networks", "configs"])
def test_whatever_a_service_names_is_declared_and_what_is_declared_is_used(kind: str) -> None:
    used = {name(each) for service in SERVICES.values() for each in service.get(kind, [])}
    assert used == set(SETUP[kind])


def test_whatever_a_service_waits_for_is_a_service_that_can_come_to_that_state() -> None:
    for service in SERVICES.values():
        for other, until in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert until["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]


def test_every_image_that_is_not_ours_has_a_version() -> None:
    images = {service["image"] for service in SERVICES.values()} - {"confer"}
    assert [image for image in images if not re.search(r":v?\d[\w.-]*$", image)] == []


def test_only_the_web_is_published_and_on_this_machine_alone() -> None:
    ports = {service: each["ports"] for service, each in SERVICES.items() if "ports" in each}
    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_the_worker_can_reach_a_mail_server_outside_and_nothing_that_stores_can_be_reached_from_there() -> None:
    ways_out = {network for network, how in SETUP["networks"].items() if not (how or {}).get("internal")}
    leads_out = {service for service, each in SERVICES.items() if ways_out & set(each["networks"])}
    assert leads_out == {"web", "worker", "make-bucket"}
    assert all("inside" in each["networks"] for each in SERVICES.values())


@pytest.mark.parametrize("service", WITH_SETTINGS)
def test_whatever_reads_the_settings_is_given_every_secret_they_name(service: str) -> None:
    values = [str(value) for value in SERVICES[service]["environment"].values()]
    named = {secret for value in values for secret in re.findall(r"/run/secrets/([\w.-]+)", value)}
    assert named <= set(SERVICES[service]["secrets"])
    assert {"store-credentials", "secret-key"} <= named


def test_web_and_worker_use_the_object_store_that_is_there(tmp_path: Path) -> None:
    credentials = tmp_path / "store-credentials"
    credentials.write_text("an-id\na-secret\n", encoding="ascii")
    for service in ("web", "worker", "make-bucket"):
        default = re.fullmatch(r"\$\{CONFER_STORE:-(.*)\}", SERVICES[service]["environment"]["CONFER_STORE"])
        assert default
        store = environment.parse_store(default[1], str(credentials))
        assert store["BACKEND"] == "exchange.bucket.Bucket"
        assert store["OPTIONS"]["endpoint_url"] == "http://objects:7070"
    assert "--port :7070" in SERVICES["objects"]["command"][0]
    assert SERVICES["web"]["depends_on"]["make-bucket"] == {"condition": "service_completed_successfully"}
    assert SERVICES["make-bucket"]["command"] == "python manage.py make_bucket"


def test_no_secret_stands_in_the_file() -> None:
    assert all(set(secret) == {"file"} for secret in SETUP["secrets"].values())
    set_here = re.findall(r"^\s+\w*(?:PASSWORD|SECRET|KEY)\w*: (.+)$", TEXT, flags=re.MULTILINE)
    assert [value for value in set_here if not value.startswith("/run/secrets/")] == []
    assert re.findall(r"://[^/\s:]+:[^/\s@]+@", TEXT) == []


def name(entry: str | dict[str, str]) -> str:
    """What a service calls a secret, a volume, a network or a config."""
    return entry["source"] if isinstance(entry, dict) else entry.partition(":")[0]
