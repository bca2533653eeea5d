"""Copy a whole database into one file while others write, and back into a database of either kind.

The file is a SQLite database with the same tables, so that a dump also moves an installation to PostgreSQL. It ends
with a checksum over all of it, which SQLite does not read, and is its owner's only: it holds hashes and sealed secrets.
"""

import hashlib
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Integer, MetaData, Table, bindparam, func, select, text, update

from db import migrations
from db.accounts import logins
from db.accounts.credentials import AccessKey
from db.core import private_files
from db.core.audit import AuditEvent
from db.core.database import Database
from engine.errors import InputError

AT_ONCE = 500
"""Rows in memory at a time."""
VERSION = "alembic_version"
SEALED = 0x464C5853
"""Application id, in the head of a file that ends with a checksum: "FLXS"."""
MARK = b"\nflexscope dump, SHA-256 of all before: "
TAIL = len(MARK) + 64 + 1
"""Length of the checksum with what stands around it [bytes]."""
BLOCK = 2**20
LOG = logging.getLogger(__name__)


def dump(database: Database, file: Path) -> None:
    """Write everything in a database, as it is at one moment, to a new file.

    Raises:
        InputError: The file already exists.
    """
    if file.exists():
        raise InputError(f"{file} already exists; choose another name.")
    part = file.with_name(f"{file.name}.part")
    # Left by a dump that was broken off.
    part.unlink(missing_ok=True)
    private_files.make(part)
    if database.is_sqlite:
        with sqlite3.connect(str(database.url.database)) as source, sqlite3.connect(part) as target:
            source.backup(target)
    else:
        # At the revision of the source, not the newest one: rows are copied table by table as they are.
        migrations.upgrade(f"sqlite:///{part}", str(migrations.current(database.url.render_as_string(False))))
        with _opened(f"sqlite:///{part}") as target_database, database.reading() as session:
            _copy(session.connection(), target_database)
    _seal(part)
    part.rename(file)  # whole or not at all, whatever happens while it is written


def _seal(file: Path) -> None:
    """Put a checksum over a whole file at its end."""
    with sqlite3.connect(file) as opened:
        opened.execute("pragma journal_mode=delete")  # else what was written last would lie in a second file
        opened.execute(f"pragma application_id={SEALED}")
    opened.close()  # the block only commits
    with file.open("r+b") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0, 2)
        content.write(MARK + digest.encode() + b"\n")


def verify(file: Path) -> bool:
    """Whether a checksum shows that a file is as it was written; False if it is of a version that wrote none.

    Raises:
        InputError: It was changed or cut since, or SQLite finds that it is broken.
    """
    with file.open("rb") as content:
        head, size = content.read(100), file.stat().st_size
        content.seek(max(0, size - TAIL))
        tail = content.read()
        content.seek(0)
        said, left, digest = tail.startswith(MARK), size - TAIL, hashlib.sha256()
        while left > 0 and (block := content.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
    # The mark at the end is lost if the file was cut; the application id in the head of SQLite's format then tells.
    is_sealed = said or head[68:72] == SEALED.to_bytes(4, "big")
    if is_sealed and tail != MARK + digest.hexdigest().encode() + b"\n":
        raise InputError(f"{file} is not as it was written: its checksum does not fit. Take another copy of the dump.")
    if is_sealed:
        return True
    try:
        with sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1", uri=True) as opened:
            found = [row[0] for row in opened.execute("pragma integrity_check(1)")]
        opened.close()
    except sqlite3.DatabaseError as error:
        raise InputError(f"{file} is not a dump.") from error
    if found != ["ok"]:
        raise InputError(f"{file} is broken ({found[0]}); take another copy of the dump.")
    return False


def restore(url: str, file: Path, *, replace: bool = False, keep_logins: bool = False) -> bool:
    """Fill a database with what a file holds, at the newest revision; return whether a checksum showed it is whole.

    All or nothing, whatever happens meanwhile: what was there before gives way in the transaction that brings the new.
    Others may go on reading, and writers wait.

    Args:
        url: The database; it must be empty, unless it is to be replaced.
        file: What ``dump`` wrote, of this or an older version.
        replace: Whether everything in the database gives way.
        keep_logins: Whether sessions and tokens of the moment of the dump hold again. Else everybody signs in anew,
            and access keys that were revoked in the database since stay so.

    Raises:
        InputError: The database is not empty, or the file is no dump, or not as it was written.
    """
    if not file.is_file():
        raise InputError(f"{file} is not a dump.")
    is_sealed = verify(file)
    try:
        revision = migrations.current(_address(file))
    except Exception as error:  # SQLAlchemy and SQLite name a file that is no database in several ways
        raise InputError(f"{file} is not a dump.") from error
    if revision not in {step.revision for step in migrations.history()}:
        raise InputError(f"{file} is not a dump that this version can read.")
    if migrations.current(url) is not None and not replace and not _is_empty(url):
        raise InputError("The database is not empty; restore into an empty one, or replace it.")
    migrations.upgrade(url)
    with (
        _opened(url) as database,
        _newest(file, str(revision)) as newest,
        _opened(_address(newest)) as source,
        source.reading() as session,
    ):
        _copy(session.connection(), database, keep_logins=keep_logins)
    return is_sealed


def empty(url: str) -> None:
    """Take everything out of a database; what is left is as a new one: tables, asset types and roles.

    As one transaction, like a restore; a database without tables gets them.
    """
    with TemporaryDirectory() as folder:
        blank = Path(folder) / "blank"
        migrations.upgrade(f"sqlite:///{blank}")
        restore(url, blank, replace=True)


@contextmanager
def _newest(file: Path, revision: str) -> Iterator[Path]:
    """Give a dump at the newest revision: itself, or a copy that is brought there, which is gone afterwards."""
    if revision == migrations.head():
        yield file
        return
    with TemporaryDirectory() as folder:
        copied = Path(folder) / "copy"
        private_files.make(copied)
        shutil.copyfile(file, copied)
        migrations.upgrade(f"sqlite:///{copied}")
        yield copied


def _is_empty(url: str) -> bool:
    """Whether a database has none of the rows that all others belong to."""
    with _opened(url) as database, database.reading() as session:
        return not any(
            session.scalar(text(f"SELECT count(*) FROM {name}")) for name in ("account", "asset", "data_source")
        )


@contextmanager
def _opened(address: str) -> Iterator[Database]:
    database = Database(address)
    try:
        yield database
    finally:
        database.close()


def _address(file: Path) -> str:
    """Address of a file that is only read, and stays as it is to its last byte.

    ``mode=ro`` alone would make files for the write-ahead log beside it; ``immutable`` does not.
    """
    return f"sqlite:///file:{quote(str(file.absolute()))}?mode=ro&immutable=1&uri=true"


def _copy(source: Connection, target_database: Database, *, keep_logins: bool = True) -> None:
    """Put every row of every table in the place of what a database with the same tables holds, in one transaction."""
    dumped, own = MetaData(), MetaData()
    dumped.reflect(source)
    with target_database.writing() as session:
        target = session.connection()
        own.reflect(target)
        tables = [table for table in own.sorted_tables if table.name in dumped.tables and table.name != VERSION]
        of_revoked = select(AccessKey.secret_hash, AccessKey.revoked_at).where(AccessKey.revoked_at.is_not(None))
        revoked = [] if keep_logins else target.execute(of_revoked).all()
        with _unguarded(target):  # also rows that migrations put there give way: the dump has them as well
            if target.dialect.name == "postgresql":
                # All in one statement: tables that point at each other cannot be emptied one by one.
                target.execute(text(f"TRUNCATE {', '.join(table.name for table in tables)}"))
            else:
                target.execute(text("PRAGMA defer_foreign_keys = on"))  # until the transaction ends
                for table in reversed(tables):
                    target.execute(table.delete())
        for table in tables:  # in the order of their foreign keys
            _copy_table(source, dumped.tables[table.name], target, table)
        for table in tables:
            if "id" in table.columns and isinstance(table.c.id.type, Integer):
                _count_on(source, target, table)
        if not keep_logins:
            logins.end_all(target, None, datetime.now(UTC))
            for secret_hash, at in revoked:  # a dump from before they were revoked holds them as valid
                same = (AccessKey.secret_hash == secret_hash) & AccessKey.revoked_at.is_(None)
                target.execute(update(AccessKey).where(same).values(revoked_at=at))


@contextmanager
def _unguarded(target: Connection) -> Iterator[None]:
    """Lift the triggers that keep the audit log from being changed, and put them back, in the same transaction."""
    if target.dialect.name == "postgresql":
        found = text("SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger WHERE NOT tgisinternal")
        named = [f"ALTER TABLE {table} {{}} TRIGGER {name}" for table, name in target.execute(found)]
        # Disabling needs no more rights than the owner of the tables has; switching off all triggers would.
        lift, back = [line.format("DISABLE") for line in named], [line.format("ENABLE") for line in named]
    else:
        made = target.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        lift, back = [f'DROP TRIGGER "{name}"' for name, _ in made], [sql for _, sql in made]
    for statement in lift:
        target.exec_driver_sql(statement)
    yield
    for statement in back:
        target.exec_driver_sql(statement)


def _copy_table(source: Connection, dumped: Table, target: Connection, own: Table) -> None:
    """Copy the rows of one table; what they say about other rows of it is filled in once all are there."""
    loose = [column for column in own.columns if any(key.column.table is own for key in column.foreign_keys)]
    rows = source.execution_options(stream_results=True).execute(select(dumped)).mappings()
    links: list[dict[str, Any]] = []
    while some := [dict(row) for row in rows.fetchmany(AT_ONCE)]:
        for row in some if loose else []:  # a row may point to one that comes later
            links.append({f"_{column.name}": row[column.name] for column in (*own.primary_key, *loose)})
            row |= {column.name: None for column in loose}
        target.execute(own.insert(), some)
    filled = [link for link in links if any(link[f"_{column.name}"] is not None for column in loose)]
    if filled:
        linking = own.update().values({column: bindparam(f"_{column.name}") for column in loose})
        for key in own.primary_key:
            linking = linking.where(key == bindparam(f"_{key.name}"))
        target.execute(linking, filled)


def _count_on(source: Connection, target: Connection, own: Table) -> None:
    """Let new rows of a table get ids behind all that were ever given, also those of rows that are gone.

    Unlike with ``setval``, only if the transaction succeeds.
    """
    if source.dialect.name == "sqlite":
        counter = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    else:
        counter = text("SELECT pg_sequence_last_value(cast(pg_get_serial_sequence(:table, 'id') AS regclass))")
    ids = [target.scalar(select(func.max(own.c.id))), source.scalar(counter, {"table": own.name})]
    # Files of older versions may count too low: the audit log still speaks of rows that are gone.
    logged = {"account": AuditEvent.account_id, "app_user": AuditEvent.user_id, "asset": AuditEvent.asset_id}
    if own.name in logged:
        ids.append(target.scalar(select(func.max(logged[own.name]))))
    last = max(key or 0 for key in ids)
    if target.dialect.name == "sqlite":
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": own.name})
        # Only tables with AUTOINCREMENT count; one that never had a row has no counter yet.
        counted = text(
            "INSERT INTO sqlite_sequence (name, seq) SELECT name, :last FROM sqlite_master"
            " WHERE type = 'table' AND name = :name AND sql LIKE '%AUTOINCREMENT%'"
        )
        target.execute(counted, {"last": last, "name": own.name})
    elif (name := target.scalar(select(func.pg_get_serial_sequence(own.name, "id")))) is not None:
        target.execute(text(f"ALTER SEQUENCE {name} RESTART WITH {last + 1}"))
