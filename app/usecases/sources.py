"""Sources of data: add one, and the source that somebody means by a name or an id."""

from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.usecases.actor import Actor
from app.usecases.fields import Body
from db import sources
from db.accounts import users
from db.accounts.users import User
from db.core import database
from db.sources import Source


class NewSource(Body):
    """A source of data to add."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: Annotated[str, Field(min_length=1, max_length=80, examples=list(sources.TYPES))] = "script"
    model: Annotated[str, Field(max_length=255, description="What computes the data")] = ""
    version: Annotated[str, Field(max_length=80)] = ""


def create_source(session: Session, actor: Actor, new: NewSource) -> Source:
    """Add a source that is no user, or return the equal one; the audit log tells a new one by itself.

    Raises:
        NotAllowed: The actor is no admin.
    """
    _check_admin(actor)
    return sources.named(session, new.name, type=new.type, model=new.model, version=new.version)


def find_source(session: Session, actor: Actor, text: str) -> Source:
    """Return the source that a user name, an id of a source (else of a user) or a name stands for, made if it is new.

    Raises:
        NotAllowed: The actor is no admin: others record in their own name.
        NotFound: The text is a number that is no id.
    """
    _check_admin(actor)
    known = known_source(session, text)
    if known is not None:
        return known
    user = _user(session, text)
    if user is not None:
        return sources.of_user(session, user.id, name=user.username, account_id=user.account_id)
    return database.get(session, Source, int(text)) if _is_id(text) else sources.named(session, text)


def known_source(session: Session, text: str) -> Source | None:
    """Return the source a text stands for, if it already exists; see ``find_source``."""
    found = session.get(Source, int(text)) if _is_id(text) else None
    if found is not None:
        return found
    user = _user(session, text)
    same = {"user_id": user.id, "type": "user"} if user else {"name": text, "user_id": None}
    # Several models and versions may share a name; the newest one is meant.
    return session.scalar(select(Source).filter_by(**same).order_by(Source.id.desc()))


def source_of(session: Session, actor: Actor) -> Source | None:
    """Return the source that stands for the actor, if it already exists: a session that reads makes none."""
    if actor.principal is None:
        return known_source(session, actor.by[1])
    return session.scalar(select(Source).filter_by(user_id=actor.user_id, type="user").order_by(Source.id.desc()))


def _user(session: Session, text: str) -> User | None:
    return session.get(User, int(text)) if _is_id(text) else users.by_name(session, text)


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _check_admin(actor: Actor) -> None:
    if not actor.is_admin:
        raise NotAllowed("create-children", "the sources of this server")
