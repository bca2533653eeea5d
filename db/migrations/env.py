"""Alembic's entry: one transaction per migration on either database, with foreign keys at rest on SQLite."""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from db.core import tables
from db.core.database import Database, Table

tables.enter()


def migrate(connection: Connection) -> None:
    """Run the migrations asked for."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=True,
        transactional_ddl=True,  # SQLite has it too, once the driver no longer commits by itself
        transaction_per_migration=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def pragma(connection: Connection, text: str) -> list[Any]:
    """Run one pragma outside any transaction: inside one, SQLite ignores those of foreign keys."""
    driver: Any = connection.connection.driver_connection
    found: list[Any] = driver.execute(f"pragma {text}").fetchall()
    return found


database = Database(context.config.attributes["url"])
with database.engine.connect() as connection:
    if database.is_sqlite:
        pragma(connection, "foreign_keys=off")  # a batch step drops the old table, which must not delete its children
    migrate(connection)
    if database.is_sqlite and (broken := pragma(connection, "foreign_key_check")):
        raise RuntimeError(f"The migration left rows that point to nothing: {broken[:5]}")
database.close()
