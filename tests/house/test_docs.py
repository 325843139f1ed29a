"""The documents hold: links lead somewhere, and what must be written down about the code is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import events
from exchange.api import urls

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
SOURCES = [
    ROOT / "manage.py",
    *(p for part in ("vault", "audit", "accounts", "exchange") for p in (ROOT / part).rglob("*.py")),
]
COMMANDS = sorted(p.stem for p in (ROOT / "exchange/management/commands").glob("[a-z]*.py"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SETTING = re.compile(r"CONFER_[A-Z]+(?:_[A-Z]+)*")
PLACE = re.compile(r"`((?:accounts|audit|exchange|vault)/[a-z_/]+\.py)(?:: ([A-Za-z_.]+))?`")


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def say_path(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=say_path)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(without_code(page)) if "://" not in target]
    assert [target for target in targets if not leads_somewhere(page, target)] == []


def test_a_link_to_nowhere_would_be_found() -> None:
    assert not leads_somewhere(ROOT / "README.md", "docs/nowhere.md")
    assert not leads_somewhere(ROOT / "README.md", "docs/api.md#nowhere")


def test_every_setting_the_code_reads_is_in_the_readme_and_no_other() -> None:
    rows = re.findall(r"^\| `(CONFER_[A-Z_]+)` \|", read("README.md"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(set(names_in_code()))


def test_every_setting_of_the_compose_file_and_the_image_is_in_the_readme() -> None:
    used = set(SETTING.findall(read("docker-compose.yml") + read("Dockerfile")))
    assert used - set(SETTING.findall(read("README.md"))) == set()


def test_every_event_is_described_and_no_other() -> None:
    described = re.findall(r"^\| `([a-z:-]+)` \|", read("docs", "events.md"), flags=re.MULTILINE)
    assert sorted(described) == sorted(events.EVENTS)


def test_every_address_of_the_api_is_described_and_no_other() -> None:
    described = re.findall(r"^\| `([^`]+)` \| (?:GET|POST|PUT|DELETE)", read("docs", "api.md"), flags=re.MULTILINE)
    assert sorted(described) == sorted(str(each.pattern) for each in urls.urlpatterns)


def test_every_code_of_a_refusal_is_described() -> None:
    assert {code for code in codes_in_code() if f"`{code}`" not in read("docs", "api.md")} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told_of(command: str) -> None:
    assert re.search(rf"`[^`\n]*\b{command}\b|manage\.py {command}\b", read("README.md"))


@pytest.mark.parametrize("decision", DECISIONS, ids=say_path)
def test_every_decision_is_short_and_says_what_it_costs(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert "\n## Consequences\n" in text
    assert "**Negative:**" in text.partition("\n## Consequences\n")[2]
    assert 10 <= len(text.splitlines()) <= 30
    assert text.startswith(f"# {decision.name[:4]}. ")


def test_decisions_are_numbered_without_a_gap_and_indexed() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [path.name for path in DECISIONS if f"decisions/{path.name}" not in read("docs", "README.md")] == []


@pytest.mark.parametrize("page", PAGES, ids=say_path)
def test_every_place_in_the_code_that_is_named_is_there(page: Path) -> None:
    named = PLACE.findall(page.read_text(encoding="utf-8"))
    assert [place for place in named if not is_there(*place)] == []


def test_a_function_that_is_gone_would_be_found() -> None:
    assert not is_there("exchange/opening.py", "open_nothing")


def without_code(page: Path) -> str:
    """The page without its blocks of code, in which brackets are no links."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.exists():
        return False
    return not anchor or anchor in {slug(heading) for heading in headings(path)}


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", without_code(page), flags=re.MULTILINE)


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def names_in_code() -> Iterator[str]:
    """The settings the code names in a string, or hands on as a keyword."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            name = node.value if isinstance(node, ast.Constant) else node.arg if isinstance(node, ast.keyword) else None
            if isinstance(name, str) and SETTING.fullmatch(name):
                yield name


def codes_in_code() -> Iterator[str]:
    """The codes of refusals: `code="..."`, and what `conflict` is given."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                given = [each.value for each in node.keywords if each.arg == "code"]
                given += node.args[1:2] if called == "conflict" else []
                yield from (str(each.value) for each in given if isinstance(each, ast.Constant))


def is_there(file: str, name: str) -> bool:
    path = ROOT / file
    if not path.exists():
        return False
    last = name.rpartition(".")[2]
    made = re.findall(r"^\s*(?:def|class) (\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return not last or last in made
