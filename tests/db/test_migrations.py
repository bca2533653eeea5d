"""The migrations make exactly the tables of the models, on both databases, empty and filled."""

import subprocess
import sys
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from db import migrations
from db.accounts.users import Role
from db.assets import AssetType, asset_type
from db.core.database import Database, Table


def test_the_tables_are_those_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []


def test_the_fixed_asset_types_keep_their_ids_and_new_ones_follow(database: Database) -> None:
    with database.writing() as session:
        found = session.execute(select(AssetType.id, AssetType.name).order_by(AssetType.id)).all()
        made = asset_type(session, "fuel cell")
    assert found[0] == (1, "solar")
    assert found[-1] == (8, "heat-storage")
    assert made.id == 9


def test_every_role_is_there(database: Database) -> None:
    with database.reading() as session:
        assert set(session.scalars(select(Role.name))) == {"admin", "admin-reader", "account-admin", "consultant"}


def storage(url: str, table: str) -> tuple[set[str], str]:
    """Return the options of a PostgreSQL table and how its column of arrays is stored."""
    opened = Database(url)
    with opened.reading() as session:
        options: Any = session.scalar(text("select reloptions from pg_class where relname = :t"), {"t": table})
        kind = "select attstorage from pg_attribute where attname = 'data' and attrelid = cast(:t as regclass)"
        stored: Any = session.scalar(text(kind), {"t": table})
    opened.close()
    return set(options), stored


def test_chunks_stay_in_their_page_uncompressed(postgres_url: str) -> None:
    assert storage(postgres_url, "belief_chunk") == ({"toast_tuple_target=8160", "fillfactor=80"}, "e")


def test_down_to_nothing_and_up_again(database: Database, database_url: str) -> None:
    assert migrations.current(database_url) == migrations.head()
    migrations.downgrade(database_url, "base")
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}
    migrations.upgrade(database_url)
    assert migrations.current(database_url) == migrations.history()[-1].revision


def test_the_steps_are_one_line() -> None:
    revisions = [step.revision for step in migrations.history()]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == ScriptDirectory(str(migrations.FOLDER)).get_current_head()


def test_every_step_says_what_it_does() -> None:
    assert all(step.tells.endswith(".") for step in migrations.history())


def test_partitions_are_made_when_asked_for(postgres_url: str) -> None:
    migrations.downgrade(postgres_url, "base")
    migrations.upgrade(postgres_url, partitions=4)
    assert storage(postgres_url, "belief_chunk_p3") == ({"toast_tuple_target=8160", "fillfactor=80"}, "e")


@pytest.mark.parametrize("name", ["alembic", "sqlalchemy", "pandas"])
def test_naming_the_module_loads_nothing_heavy(name: str) -> None:
    code = f"import db.migrations, sys; sys.exit({name!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


FILLED = """
INSERT INTO account (id, name, attributes) VALUES (1, 'a', '{"x": 1}');
INSERT INTO app_user (id, email, username, password_hash, active, account_id, timezone, session_serial, login_count)
    VALUES (1, 'e', 'u', 'h', true, 1, 'UTC', 0, 0);
INSERT INTO roles_users (user_id, role_id) VALUES (1, 1);
INSERT INTO asset (id, name, asset_type_id, account_id, description, attributes, flex_context, flex_model,
    sensors_to_show, sensors_to_show_as_kpis) VALUES (1, 'p', 5, 1, '', '{}', '{}', '{}', '[]', '[]');
INSERT INTO sensor (id, asset_id, name, unit, resolution, timezone, knowledge_horizon, attributes)
    VALUES (1, 1, 's', 'kW', 900000000, 'UTC', '{}', '{}');
INSERT INTO data_source (id, name, type, user_id, account_id, model, version, attributes, attributes_hash)
    VALUES (1, 'u', 'user', 1, 1, '', '', '{}', '');
INSERT INTO belief_series (id, sensor_id, source_id, step_us, span_us) VALUES (1, 1, 1, 900000000, 345600000000);
INSERT INTO belief_chunk VALUES (1, 0, 0, 0, 1, 5, 5, 2, 2, 2, '');
"""


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return the first columns of the rows that were filled in, by table."""
    tables = {"account": "id, name", "app_user": "id, email, account_id", "roles_users": "user_id, role_id",
              "asset": "id, name, account_id", "sensor": "id, asset_id, resolution", "data_source": "id, user_id",
              "belief_series": "id, sensor_id, version", "belief_chunk": "series_id, n, v_sum"}  # fmt: skip
    with database.reading() as session:
        return {
            name: [tuple(row) for row in session.execute(text(f"SELECT {c} FROM {name}"))] for name, c in tables.items()
        }


def test_every_step_keeps_the_rows_of_a_filled_database_up_and_down(database: Database, database_url: str) -> None:
    migrations.downgrade(database_url, "base")
    steps = [step.revision for step in migrations.history()]
    migrations.upgrade(database_url, steps[0])
    with database.writing() as session:
        for statement in filter(str.strip, FILLED.split(";")):
            session.connection().exec_driver_sql(statement)
    before = contents(database)
    for revision in steps[1:]:
        migrations.upgrade(database_url, revision)
        assert contents(database) == before
    for revision in steps[-2::-1]:
        migrations.downgrade(database_url, revision)
        assert contents(database) == before
