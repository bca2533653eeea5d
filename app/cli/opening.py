"""The database a command works on, as one piece of work."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.opening import opened
from app.settings.settings import load
from app.usecases.actor import Actor
from db.core import bounds, change_tracking


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
def acting() -> Iterator[tuple[Session, Actor]]:
    """Give a writing session and the operator, in whose name it acts; an error saves nothing."""
    actor = Actor(principal=None, settings=load(), now=datetime.now(UTC))
    with writing() as session:
        change_tracking.act_as(session, actor.by)
        yield session, actor


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
