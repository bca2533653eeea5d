"""The database a command works on, as one piece of work."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.opening import opened
from app.settings.settings import load
from db.core import bounds


@contextmanager
def writing() -> Iterator[Session]:
    """Give a session on the configured database, committed when the command is through; an error saves nothing."""
    database = opened(load())
    try:
        with database.writing() as session:
            bounds.lift(session)  # who may run commands here may take the machine's time
            yield session
    finally:
        database.close()


@contextmanager
def reading() -> Iterator[Session]:
    """Give a session on the configured database that sees one moment of it."""
    database = opened(load())
    try:
        with database.reading() as session:
            bounds.lift(session)  # who may run commands here may take the machine's time
            yield session
    finally:
        database.close()
