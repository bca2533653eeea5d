"""Follows every change of the rows that people own in a session, and writes it to the audit log.

Whoever changes a row may say in words what was done, by ``db.core.audit.note``; the values before and after are added
here. A change nobody said anything about is written all the same, also of what goes with a deleted row by its foreign
keys; and a statement that would change rows without loading them is refused.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection, ForeignKey, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from db.core.audit import About, AuditEvent, By, note, subject_of
from db.core.database import Followed, Table
from engine.errors import EngineError

SEALED = "kept_secret"
"""Table of what is kept sealed."""
WATCHED = {
    "account": "account",
    "app_user": "user",
    "asset": "asset",
    "sensor": "sensor",
    "automation": "automation",
    "annotation": "annotation",
    "power_override": "override",
    "access_key": "access key",
    SEALED: "secret",
    "data_source": "source",
    "roles_accounts": "role",
    "account_role": "account role",
    "plan": "plan",
    "asset_type": "asset type",
}
"""Tables whose changes are written, and what a row is called."""
OWN_ID = {"account": "account_id", "app_user": "user_id", "asset": "asset_id"}
"""Columns of the log that hold the id of a row itself; those of the same names in other tables say where it belongs."""
BELONGS = {"access_key": ("user_id",)}
"""The same, where it is not account and asset."""
COUNTERS = {
    *("last_login_at", "login_count", "last_seen_at", "session_serial", "preferences"),
    *("next_at", "last_at", "changed_at", "created_at"),
}
"""Fields whose change is none of anybody: they move by themselves."""
SECRET = {"password_hash", "secret_hash", "sealed"}
"""Fields whose change is told, but not their values."""
SERVER: By = (None, "server")
"""Who changes what nobody asked for, such as the end of what was due."""
ASSIGNED = re.compile(r"\bSET (.*?)(?: FROM | WHERE |$)", re.DOTALL)
Key: TypeAlias = tuple[str, tuple[Any, ...]]
"""Table and primary key of one row."""
AT_ONCE = 500
"""Ids in one statement; SQLite takes 32 766 parameters, PostgreSQL 65 535."""


@dataclass
class Change:
    """What became of one row in one session."""

    done: str
    called: str = ""
    place: About | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def act_as(session: Session, by: By) -> None:
    """Say in whose name the rest of a session acts; without it that is the server itself."""
    session.info["by"] = by


@event.listens_for(Followed, "before_flush")
def collect(session: Session, _context: object, _instances: object) -> None:
    """Remember what this flush will change."""
    changes: dict[Any, Change] = session.info.setdefault("changes", {})
    for rows, done in ((session.new, "Added"), (session.deleted, "Deleted"), (session.dirty, "Changed")):
        for row in rows:
            if getattr(row, "__tablename__", "") in WATCHED:
                before, after = _values(row, done)
                # A row is flushed several times in a transaction: the first ``before`` and the last ``after`` count.
                if before or after or done == "Deleted":
                    change = changes.setdefault(row, Change(done))
                    change.before = {} if change.done == "Added" else before | change.before
                    change.after |= after
    # Before the flush: what goes with a deleted row by its foreign keys can be read only while it is there.
    for row in session.deleted:
        if isinstance(row, Table):
            _follow(session, row)


def _follow(session: Session, row: Table) -> None:
    """Remember what the database does to others when a row is deleted."""
    if row.__tablename__ in WATCHED:
        change = session.info["changes"][row]
        change.done, change.called, change.place = "Deleted", _called(_columns(row)), _place(session, row)
    others: dict[Key, Change] = session.info.setdefault("others", {})
    for table, values, emptied in rows_touched(session.connection(), row, WATCHED):
        key = (table.name, tuple(values[column.name] for column in table.primary_key))
        own = {name: _json_value(name, [value]) for name, value in values.items() if name not in COUNTERS}
        done = "Changed" if emptied else "Deleted"
        change = others.setdefault(key, Change(done, _called(values), _where(session, table.name, values)))
        # Two foreign keys may lead to one row: that it is deleted outweighs that a reference is emptied.
        change.done = "Deleted" if "Deleted" in (done, change.done) else "Changed"
        before = {emptied: own[emptied]} if emptied else {k: v for k, v in own.items() if v is not None}
        change.before |= before
        change.after = {} if change.done == "Deleted" else change.after | {str(emptied): None}


def at_once(session: Session, table: str, rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]) -> None:
    """Take note of a change that a statement makes to rows by the connection, past the session."""
    others: dict[Key, Change] = session.info.setdefault("others", {})
    for row in rows:
        change = Change("Changed", _called(row), _where(session, table, row))
        change.before = {name: _json_value(name, [row[name]]) for name in values}
        change.after = {name: _json_value(name, [value]) for name, value in values.items()}
        others[table, (row["id"],)] = change


@event.listens_for(Followed, "do_orm_execute")
def refuse_bulk(state: ORMExecuteState) -> None:
    """Refuse a statement that changes rows without loading them, where their changes are written.

    Raises:
        EngineError: It does; it is a fault of ours, not of whoever asks.
    """
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    statement: Any = state.statement
    if statement.table.name not in WATCHED:
        return
    if not state.is_update or assigned(statement) - COUNTERS:
        raise EngineError(f"{statement.table.name}: load the rows and change them one by one; the audit log follows.")


def assigned(statement: Any) -> set[str]:
    """Return the names of the columns that an UPDATE sets."""
    # From the text, as SQLAlchemy keeps what an UPDATE sets in private fields only.
    found = ASSIGNED.search(str(statement.compile()))
    return set(re.findall(r"(\w+)\s*=", found[1] if found else ""))


@event.listens_for(Followed, "before_commit")
def record(session: Session) -> None:
    """Write what was changed, each change beside what was said about the very row."""
    if session.in_nested_transaction():  # a savepoint may still be undone
        return
    session.flush()  # what is still pending must have ids, and come to ``collect``, before it is written down
    noted: list[AuditEvent] = session.info.pop("noted", [])
    first: By = (noted[0].active_user_id, noted[0].active_user_name) if noted else SERVER
    by: By = session.info.get("by") or first
    said: dict[Key, AuditEvent] = {}
    for one in noted:
        said.setdefault(subject_of(one), one)
    written = set[Key]()
    for row, change in session.info.pop("changes", {}).items():
        key = (row.__tablename__, tuple(inspect(row).identity or inspect(row).mapper.primary_key_from_instance(row)))
        change.called, change.place = change.called or _called(_columns(row)), change.place or _place(session, row)
        _write(session, key, change, said.get(key), by)
        written.add(key)
    for key, change in session.info.pop("others", {}).items():
        if key not in written:
            _write(session, key, change, None, by)
    # With those that _write added meanwhile, for changes nobody spoke of.
    session.add_all(noted + session.info.pop("noted", []))


def _write(session: Session, key: Key, change: Change, said: AuditEvent | None, by: By) -> None:
    """Put the values of one change beside the words about it, or beside plain ones."""
    if said is None:
        fields = f"{', '.join(sorted(change.after))} of " if change.done == "Changed" else ""
        words = f"{change.done} {fields}{WATCHED[key[0]]} {change.called!r}"
        said = note(session, words, at=datetime.now(UTC), by=by, **(change.place or {}))
    said.before, said.after = change.before, change.after


def _values(row: Table, done: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the changed fields of a row, before and after."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    names = [attribute.key for attribute in state.mapper.column_attrs if attribute.key not in COUNTERS]
    for name in [*names, "roles"] if "roles" in state.mapper.relationships else names:
        history = state.attrs[name].history
        new, old = [*history.unchanged, *(history.added or ())], [*history.unchanged, *(history.deleted or ())]
        if done == "Deleted":
            before[name] = _json_value(name, old)
        elif history.has_changes():
            after[name] = _json_value(name, new)
            if done == "Changed":
                before[name] = _json_value(name, old)
    return ({k: v for k, v in before.items() if v is not None} if done == "Deleted" else before), after


def _json_value(name: str, values: list[Any]) -> Any:
    """Return a value of a field as JSON can keep it."""
    if name in SECRET:
        return "(secret)"
    if name == "roles":
        return sorted(role.name for role in values)
    value = values[-1] if values else None
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _columns(row: Table) -> Mapping[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(row).mapper.column_attrs}


def _called(values: Mapping[str, Any]) -> str:
    names: Iterable[Any] = (values.get(name) for name in ("username", "name", "device", "content", "role_id", "id"))
    return str(next((name for name in names if name), ""))[:100]


def _place(session: Session, row: Table) -> About:
    return _where(session, row.__tablename__, _columns(row))


def _where(session: Session, table: str, values: Mapping[str, Any]) -> About:
    """Return what a change of a row concerns, as columns of the log."""
    found = {name: values.get(name) for name in BELONGS.get(table, ("account_id", "asset_id"))}
    if table in OWN_ID:
        found[OWN_ID[table]] = values["id"]
    if found.get("asset_id") is None and values.get("sensor_id") is not None:
        found["asset_id"] = asset_of(session.connection(), values["sensor_id"])
    about: Any = {name: key for name, key in found.items() if key is not None}
    place: About = about
    return place


def rows_touched(
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
