"""Faults of the database that pass by themselves, told in one way whichever driver they come from."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy import exc

from engine.errors import EngineError

RETRY_AFTER = 5
"""When to try again [s]."""
PASSING_IN_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes: locked by others, out of room, or a disk that does not answer."""
PASSING_IN_POSTGRES = frozenset({errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT, errorcodes.READ_ONLY_SQL_TRANSACTION})
"""Beside what psycopg2 calls operational: locks, deadlocks, full disks, lost connections, a server that shuts down."""


SENTENCES: dict[type[exc.DBAPIError], str] = {
    exc.IntegrityError: "It clashes with a row that already exists.",
    exc.DataError: "A number or a text in it is larger than the database takes; write a smaller one.",
}
"""What is told instead of the database's own words, which hold statements and values."""


class Unavailable(EngineError):
    """The database does not take or give this at the moment; nothing was changed.

    Attributes:
        retry_after: When to try again [s].
    """

    def __init__(self) -> None:
        self.retry_after = RETRY_AFTER
        super().__init__("The database does not take this at the moment; nothing was changed. Try again in a while.")


def sentence(error: BaseException) -> str:
    """Return what people are told of an error: its own words, or ours for what the database would say."""
    return next((said for kind, said in SENTENCES.items() if isinstance(error, kind)), str(error))


def passes(error: BaseException) -> bool:
    """Return whether a fault of the database may be gone at the next try: of a lock, a disk or a connection."""
    if isinstance(error, Unavailable | exc.TimeoutError):  # the latter: all connections of the pool are in use
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or (error.orig is not None and passes(error.orig))
    if isinstance(error, sqlite3.OperationalError):
        # Extended codes, such as SQLITE_BUSY_SNAPSHOT, have the primary one in their lowest byte.
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in PASSING_IN_SQLITE
    if isinstance(error, psycopg2.Error):
        lasting = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        return lasting or error.pgcode in PASSING_IN_POSTGRES
    return False


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Raise a fault that passes as ``Unavailable``, and any other as it is.

    Raises:
        Unavailable: Something in the block met a fault that passes.
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, psycopg2.Error) as error:
        if passes(error):
            raise Unavailable from error
        raise
