"""The driver's own cursor inside a session's transaction, for the belief path alone.

A statement through SQLAlchemy costs more than the arrays it fetches; its pool and transactions stay in charge.

Also which server it reaches, and how much room the database takes there.
"""

import struct
from collections.abc import Sequence
from typing import Any, TypeAlias

from psycopg2 import Binary
from psycopg2.extras import execute_values
from sqlalchemy import text
from sqlalchemy.orm import Session

COPY_HEAD = 19  # signature, flags, length of an extension that is never there
COPY_ROW = struct.Struct(">hiiiqi")  # fields; length and series; length and start; length of the bytes


Blob: TypeAlias = tuple[int, int, bytes | memoryview]
"""Series, start and bytes of one line of belief_chunk; plain, because there are hundreds per read."""

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""SQL and its parameters."""
SIZE_QUERY = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


class Driver:
    """Statements in the dialect of SQLite (``?`` for a parameter), run by either driver."""

    def __init__(self, session: Session) -> None:
        # The cursor knows nothing of what the session still holds back.
        session.flush()
        # The same connection, so that the statements see what the session has written and end with its transaction.
        connection = session.connection()
        self.is_sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        self.cursor: Any = driver.cursor()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        self.run(sql, parameters)
        found: list[Any] = self.cursor.fetchall()
        return found

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement; return the number of rows it touched."""
        # Blunt, but safe: no statement of the belief path has a question mark in a text or operator.
        self.cursor.execute(sql if self.is_sqlite else sql.replace("?", "%s"), parameters)
        return int(self.cursor.rowcount)

    def run_all(self, statements: Sequence[Statement]) -> list[Any]:
        """Run statements one after the other, on PostgreSQL in one round trip; return the rows the last one gives."""
        if self.is_sqlite:
            for sql, parameters in statements:
                self.cursor.execute(sql, parameters)
        else:
            # psycopg2 sends texts with their parameters filled in, which may hold several statements.
            every = [parameter for _, parameters in statements for parameter in parameters]
            self.cursor.execute("; ".join(sql for sql, _ in statements).replace("?", "%s"), every)
        found: list[Any] = self.cursor.fetchall() if self.cursor.description else []
        return found

    def put(self, insert: str, rows: list[tuple[Any, ...]], on_conflict: str = "") -> None:
        """Insert many rows, bytes last; ``insert`` ends before the word VALUES."""
        if self.is_sqlite:
            marks = ",".join("?" * len(rows[0]))
            self.cursor.executemany(f"{insert} VALUES ({marks}) {on_conflict}", rows)
        else:
            # psycopg2 would take 100 lines at a time, which are five times the round trips.
            ready = [(*row[:-1], Binary(row[-1])) for row in rows]
            execute_values(self.cursor, f"{insert} VALUES %s {on_conflict}", ready, page_size=500)

    def blobs(self, query: str) -> list[Blob]:
        """Return series, start and bytes of a query without parameters, out of PostgreSQL by binary COPY."""
        if self.is_sqlite:
            found: list[Blob] = self.cursor.execute(query).fetchall()
            return found
        copied = _Copied()
        self.cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH BINARY", copied)
        return copied.blobs()


class _Copied:
    """Takes what COPY gives row by row, as libpq promises, and leaves the bytes where they are."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.write = self.rows.append

    def blobs(self) -> list[Blob]:
        """Return series, start and bytes of each row; the file's head is before the first, its end after the last."""
        # libpq gives the head of the file with the first row, and a last piece of two bytes that is none.
        self.rows[0] = self.rows[0][COPY_HEAD:]
        size, unpack = COPY_ROW.size, COPY_ROW.unpack_from
        heads = [(unpack(row), memoryview(row)[size:]) for row in self.rows if len(row) > size]
        return [(head[2], head[4], data) for head, data in heads]


def server_name(session: Session) -> str:
    """Return name and version of the database server, such as ``postgresql 15.6``."""
    dialect = session.get_bind().dialect
    version = getattr(dialect, "server_version_info", None) or ()
    return f"{dialect.name} {'.'.join(map(str, version))}".strip()


def size_on_disk(session: Session) -> int:
    """Return how much room the database takes on disk [bytes]."""
    return int(session.scalar(text(SIZE_QUERY[session.get_bind().dialect.name])) or 0)
