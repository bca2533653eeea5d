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


def operator() -> Actor:
    """Return the operator, who acts from now on under the name of the login."""
    return Actor(principal=None, settings=load(), now=datetime.now(UTC))


@contextmanager
def acting(actor: Actor | None = None) -> Iterator[tuple[Session, Actor]]:
    """Give a writing session and the operator, in whose name it acts; an error saves nothing.

    Args:
        actor: The same operator, where something was computed before in a session that reads.
    """
    actor = actor or operator()
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
