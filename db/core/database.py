"""Engine, session, column types in UTC and the not-found error.

SQLite and PostgreSQL behave alike from here up: times come back aware in UTC, durations as ``timedelta``, a write
begins by taking its lock, and a read sees one snapshot.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    UpdateBase,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from db.core import faults, private_files, tables
from db.core.bounds import KEY, StoreBounds
from engine.errors import EngineError, InputError
from engine.series.iso_time import MICROSECOND

PATIENCE = 15.0
"""How long one statement waits for what others have locked [s]; then ``db.core.faults.Unavailable`` is raised."""
POOL = {"pool_size": 10, "max_overflow": 30}
"""Connections kept, and further ones at most: more than a process has threads, so that none waits for another."""
LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC)
"""After everything that is stored."""
IDLE = {"writer": 300, "reader": 7200}
"""How long PostgreSQL lets a transaction do nothing [s]; a reader may compute what a job is to save."""
PRAGMAS = (
    "journal_mode=wal",  # readers go on while one writes
    "foreign_keys=on",  # off by default in SQLite
    "mmap_size=1073741824",
)


class NotFound(EngineError):
    """No row has the identifier asked for.

    Attributes:
        kind: What was looked for, such as ``sensor``.
        key: The identifier.
    """

    def __init__(self, kind: str, key: object) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"There is no {kind} {key}.")


class Utc(TypeDecorator[datetime]):
    """A moment; stored in UTC, always aware in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """See TypeDecorator; a moment without zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InputError(f"{value.isoformat()} has no time zone; it is not stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """See TypeDecorator."""
        if value is None:
            return None
        # SQLite keeps no zone, so that all it holds must be of one.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Duration(TypeDecorator[timedelta]):
    """A length of time, stored as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """See TypeDecorator."""
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """See TypeDecorator."""
        return None if value is None else value * MICROSECOND


Json = JSON().with_variant(JSONB(), "postgresql")
Id = Annotated[int, mapped_column(primary_key=True)]
IDS_ONCE = {"sqlite_autoincrement": True}
"""For ``__table_args__`` of tables whose rows are named by id elsewhere, such as in the audit log and in JSON: SQLite
would give the id of the last row again once that is deleted, and what was said of one row would be said of another."""


class Table(DeclarativeBase):
    """Base of all tables; constraints are named so that migrations can change them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Utc,
        timedelta: Duration,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class Followed(Session):
    """A writing session, which ``db.core.change_tracking`` and ``db.accounts.logins`` listen to."""


class Database:
    """One database, for as many threads as like to use it."""

    def __init__(
        self,
        url: str,
        *,
        synchronous: str = "normal",
        patience: float = PATIENCE,
        bounds: StoreBounds | None = None,
    ) -> None:
        """Open the database; nothing is read or created yet.

        Args:
            url: SQLAlchemy's form, such as ``sqlite:////var/lib/flexscope/flexscope.db`` or ``postgresql://…``.
            synchronous: SQLite only: ``normal`` survives a crash of the process, ``full`` also a power cut.
            patience: How long one statement waits for what others have locked [s].
            bounds: What one read or write of its sessions may take; None: whatever there is.
        """
        tables.enter()
        self.url = address(url)
        self._info = {KEY: bounds} if bounds else {}
        if self.url.get_backend_name() == "sqlite":
            pragmas = (f"busy_timeout={patience * 1000:.0f}", *PRAGMAS, f"synchronous={synchronous}")
            # A writer takes its lock as it begins: one that read first would be refused it once another has written.
            self._writer = _sqlite(self.url, pragmas, "BEGIN IMMEDIATE")
            self._reader = _sqlite(self.url, pragmas, "BEGIN")
        else:
            self._writer = _postgres(self.url, patience, IDLE["writer"])
            # One snapshot for all statements, as SQLite gives it; read-only, so that no mistake writes past the log.
            reader = _postgres(self.url, patience, IDLE["reader"])
            self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.on_ended: list[Callable[[frozenset[int]], None]] = []
        """Who is told of which users a committed session changed or ended logins, by id; see ``db.accounts.logins``."""

    @property
    def is_sqlite(self) -> bool:
        """Whether this is an embedded SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and bulk work."""
        return self._writer

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give one session, committed at the end of the block; an error in it leaves everything as it was.

        What it changes of accounts, users, assets and sensors is written to the audit log.

        Raises:
            Unavailable: Others hold a lock for too long, or the database cannot be reached.
        """
        # Kept after the commit: callers go on to read what they wrote, and the session is closed by then.
        session = Followed(self._writer, expire_on_commit=False, info=self._info)
        with faults.as_unavailable(), session as work:
            with work.begin():
                yield work
            # After the commit: who is told reads the rows again, and must find them as they are now.
            if ended := work.info.get("ended"):
                for tell in self.on_ended:
                    tell(frozenset(ended))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give one session that sees the database as of its first statement; what it read stays usable afterwards.

        Raises:
            Unavailable: The database cannot be reached.
        """
        # A reader has nothing to flush before it asks.
        session = Session(self._reader, expire_on_commit=False, autoflush=False, info=self._info)
        with faults.as_unavailable(), session as work:
            yield work  # closing ends the transaction; a rollback would also empty the objects that were read

    def close(self) -> None:
        """Give all connections back."""
        self._writer.dispose()
        self._reader.dispose()


def address(url: str) -> URL:
    """Return where a database is; PostgreSQL is spoken to through psycopg2, whose COPY the belief store needs.

    Raises:
        InputError: The text is no address of an SQLite file or a PostgreSQL database.
    """
    try:
        made = make_url(url)
        kind = made.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        kind = ""
    if kind not in ("sqlite", "postgresql"):
        raise InputError(
            "That is not the address of a database; write it like sqlite:////folder/flexscope.db or "
            "postgresql://user:password@host/name."
        )
    return made.set(drivername="postgresql+psycopg2") if kind == "postgresql" else made


def _postgres(url: URL, patience: float, idle: int) -> Engine:
    options = {
        "timezone": "utc",
        "lock_timeout": f"{patience * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{idle * 1000}",
    }
    arguments: dict[str, Any] = {
        # As options of the connection: set by a statement, they would cost a round trip each time one is opened.
        "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        "connect_timeout": 10,
        "keepalives_idle": 30,  # else Linux asks a silent server after two hours only
    }
    # Asked before use, as the server closes what idles and a restart closes all.
    return create_engine(url, pool_pre_ping=True, pool_timeout=patience, **POOL, connect_args=arguments)


def _sqlite(url: URL, pragmas: Sequence[str], begin: str) -> Engine:
    engine = create_engine(url, **POOL)

    @event.listens_for(engine, "do_connect")
    def keep_private(_dialect: object, _record: object, _args: object, _given: object) -> None:
        # Before the driver makes the file, which would give it the rights of the umask.
        if url.database and url.database != ":memory:" and "uri" not in url.query:
            private_files.make(Path(url.database))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in pragmas:
            connection.execute(f"pragma {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.connection.driver_connection.execute(begin)  # a tenth of what SQLAlchemy's statement costs

    return engine


Row = TypeVar("Row", bound=Table)


def get(session: Session, kind: type[Row], key: int) -> Row:
    """Return the row of a table with an id.

    Raises:
        NotFound: There is none.
    """
    row = session.get(kind, key)
    if row is None:
        raise NotFound(kind.__tablename__.replace("_", " "), key)
    return row


def rows_changed(session: Session, statement: UpdateBase, given: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE, with the parameters it leaves open; return the number of rows it changed."""
    done = cast(
        "CursorResult[Any]", session.execute(statement, given)
    )  # sessions promise less than these statements give
    return done.rowcount
