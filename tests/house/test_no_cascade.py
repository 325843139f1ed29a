"""Nothing cascades into the log, and nobody it names can be deleted: people, teams and agencies are closed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, models, transaction
from django.db.models import CASCADE, SET_DEFAULT, SET_NULL, Model, ProtectedError, RestrictedError

from accounts.models import Agency, KeyStatement, Person, PersonKeys, Team, TeamEpoch
from exchange.models import Document, Record
from tests import cast, plugin
from tests.house.stage import Stage, lend_stage
from tests.running.databases import connect_as_owner

KEPT: tuple[type[Model], ...] = (
    Agency, Team, Person, PersonKeys, TeamEpoch, KeyStatement, Record, Document,
)  # fmt: skip
# What may go when its one parent goes: the key with its grant, and guardian's half of a permission.
MAY_GO_WITH_ITS_PARENT = {
    ("exchange", "KeyWrap", "grant"),
    ("exchange", "RecordUserPermission", "content_object"),
    ("exchange", "RecordGroupPermission", "content_object"),
}


@pytest.fixture(scope="module")
def stage(run: plugin.Run) -> Iterator[Stage]:
    """The case, told once; nothing here is allowed to change it."""
    with lend_stage(run) as lent:
        yield lent


def list_foreign_keys() -> list[tuple[type[Model], models.ForeignKey[Any, Any]]]:
    """Every foreign key of the house's own models."""
    return [
        (model, field)
        for label in ("audit", "accounts", "exchange")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
    ]


def find_target(field: Any) -> type[Model]:
    """The model a foreign key points to."""
    return field.related_model  # type: ignore[no-any-return]  # resolved long before any test runs


def read_log() -> dict[str, list[Any]]:
    """Every row of the log's tables, as the database holds it."""
    tables = [table for table in connection.introspection.table_names() if table.startswith("audit_")]
    with connection.cursor() as cursor:
        rows = {}
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            rows[table] = sorted(map(repr, cursor.fetchall()))
    return rows


def test_no_foreign_key_leads_out_of_the_log_or_into_it() -> None:
    for model, field in list_foreign_keys():
        inside = model._meta.app_label == "audit"
        points_inside = find_target(field)._meta.app_label == "audit"
        assert inside == points_inside, f"{model.__name__}.{field.name}"
        assert not inside or field.remote_field.on_delete is models.DO_NOTHING, f"{model.__name__}.{field.name}"


def test_the_database_itself_ties_the_log_to_nothing_else(stage: Stage) -> None:
    tables = connection.introspection.table_names()
    assert "audit_entry" in tables
    with connection.cursor() as cursor:
        for table in tables:
            for _, other in connection.introspection.get_relations(cursor, table).values():
                assert table.startswith("audit_") == other.startswith("audit_"), (table, other)


def test_the_database_itself_cascades_nowhere(stage: Stage) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'a'")
            assert cursor.fetchall() == []
            return
        for table in connection.introspection.table_names():
            cursor.execute(f"PRAGMA foreign_key_list({table})")
            assert all(row[6] == "NO ACTION" for row in cursor.fetchall()), table


def test_only_a_grant_takes_anything_with_it() -> None:
    softly = {CASCADE, SET_NULL, SET_DEFAULT}
    found = {
        (model._meta.app_label, model.__name__, field.name)
        for model, field in list_foreign_keys()
        if field.remote_field.on_delete in softly and not model._meta.auto_created
    }
    assert {one for one in found if one[2] not in {"user", "group", "permission"}} == MAY_GO_WITH_ITS_PARENT


@pytest.mark.parametrize("model", [*KEPT, Group], ids=lambda model: model.__name__)
def test_who_and_what_the_log_names_cannot_be_deleted(stage: Stage, model: type[Model]) -> None:
    before, rows = read_log(), list(model._default_manager.all())
    assert rows
    assert before["audit_entry"]
    refused = 0
    for row in rows:
        try:
            with transaction.atomic():
                row.delete()
                transaction.set_rollback(True)  # where it is nobody's yet, leave it for the other rows' sake
        except (ProtectedError, RestrictedError, DatabaseError):
            refused += 1
    named = sum(is_named(row, before) for row in rows)
    assert refused >= named, f"{model.__name__}: {named} are named in the log, {refused} are protected"
    assert refused
    assert read_log() == before


@pytest.mark.parametrize("name", ["person", "team", "agency"])
def test_deleting_by_sql_is_refused_and_the_log_is_as_it_was(stage: Stage, name: str) -> None:
    whom: dict[str, Callable[[], Model]] = {
        "person": lambda: Person.objects.get(pk=cast.person("amina").person_id),
        "team": lambda: Team.objects.get(pk=cast.team("hillside")),
        "agency": lambda: Agency.objects.get(pk=cast.agency("hillside")),
    }
    row, before = whom[name](), read_log()
    key = connection.ops.adapt_unknown_value(row.pk) if connection.vendor == "postgresql" else row.pk.hex
    owner = connect_as_owner(stage.database)
    place = "%s" if connection.vendor == "postgresql" else "?"
    if connection.vendor == "sqlite":
        owner.execute("PRAGMA foreign_keys = ON")  # as the application's own connections have it
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        owner.execute(f"DELETE FROM {row._meta.db_table} WHERE id = {place}", [key])
    owner.close()
    assert read_log() == before


def is_named(row: Model, log: dict[str, list[Any]]) -> bool:
    """Whether the log names this row by its id."""
    return (
        any(str(row.pk) in line for line in (*log["audit_entry"], *log["audit_entryparty"])) and len(str(row.pk)) > 20
    )
