"""What the database itself deletes or empties when a row goes, by the foreign keys that point at it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, ForeignKey, select

from db.core.database import Table

AT_ONCE = 500
"""Ids in one statement; SQLite takes 32 766 parameters, PostgreSQL 65 535."""


def touched(
    connection: Connection, row: Table, names: Collection[str]
) -> Iterator[tuple[sa.Table, Mapping[str, Any], str]]:
    """Give the rows of some tables that the database deletes with a row, or whose reference to one it empties.

    Args:
        connection: In the transaction in which the row is about to be deleted.
        row: That row.
        names: The tables.

    Yields:
        The table, the row as it is, and the column that is emptied; the latter is empty where the row is deleted.
    """
    waiting: list[tuple[sa.Table, list[Any]]] = []
    identity = sa.inspect(row).identity
    if identity and "id" in row.__table__.c:
        waiting.append((Table.metadata.tables[row.__tablename__], list(identity)))
    gone = {(row.__tablename__, key) for _, keys in waiting for key in keys}
    while waiting:
        parent, keys = waiting.pop()
        for key in _pointing(parent, names):
            child, column = key.parent.table, key.parent
            found: list[Mapping[str, Any]] = []
            for at in range(0, len(keys), AT_ONCE):
                some = connection.execute(select(child).where(column.in_(keys[at : at + AT_ONCE])))
                found += [dict(row) for row in some.mappings()]
            if key.ondelete == "SET NULL":
                yield from ((child, each, column.name) for each in found)
                continue
            # Tables may point at each other in a circle; a row is followed once.
            new = [each for each in found if (child.name, each.get("id", tuple(each.values()))) not in gone]
            gone |= {(child.name, each.get("id", tuple(each.values()))) for each in new}
            yield from ((child, each, "") for each in new)
            if new and "id" in child.c and _pointing(child, names):
                waiting.append((child, [each["id"] for each in new]))


def asset_of(connection: Connection, sensor_id: int) -> int | None:
    """Return the asset of a sensor."""
    sensor = Table.metadata.tables["sensor"]
    return connection.scalar(select(sensor.c.asset_id).where(sensor.c.id == sensor_id))


def _pointing(parent: sa.Table, names: Collection[str]) -> list[ForeignKey]:
    """Return the foreign keys of some tables that point at another and do something when its rows go."""
    tables = (table for table in Table.metadata.sorted_tables if table.name in names)
    return [
        key
        for table in tables
        for key in table.foreign_keys
        if key.column.table is parent and key.ondelete in ("CASCADE", "SET NULL")
    ]
