"""Annotations of accounts, assets and sensors: add, change, remove; for the API and the pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from db import sources
from db.accounts.accounts import Account
from db.annotations import LONGEST, TYPES, Annotation
from db.assets import Asset
from db.core import database
from db.sensors import Sensor
from engine.errors import FieldError

Place: TypeAlias = Account | Asset | Sensor


@dataclass(frozen=True, kw_only=True)
class AnnotationText:
    """A remark on a stretch of time."""

    content: str
    start: datetime
    end: datetime
    """Excluded."""
    type: str = "label"
    """One of db.annotations.TYPES."""
    known_at: datetime


def add(session: Session, who: SignedIn, place: Place, given: AnnotationText) -> tuple[Annotation, bool]:
    """Annotate a row as a user; return the annotation, and whether it is new.

    Raises:
        NotAllowed: The user may not add anything to the row.
        FieldError: The text is empty or too long, the type unknown, or the end not after the start.
    """
    access.check(who, "create-children", place)
    own = {"content": given.content, "start": given.start, "end": given.end, "type": given.type}
    _check(own)
    own[f"{place.__tablename__}_id"] = place.id
    source = sources.of_user(session, who.id, name=who.username, account_id=who.account_id)
    session.flush()
    same = session.scalar(select(Annotation).filter_by(**own, source_id=source.id).limit(1))
    if same is not None:
        return same, False
    made = Annotation(**own, source_id=source.id, source=source, belief_time=given.known_at)
    session.add(made)
    session.flush()
    return made, True


def change(session: Session, who: SignedIn, annotation_id: int, fields: Mapping[str, Any]) -> Annotation:
    """Change content, start, end or type of an annotation; raises as ``add`` does, and NotFound."""
    row = _own(session, who, annotation_id)
    for name, value in fields.items():
        if value is None:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
        setattr(row, name, value)
    _check({name: getattr(row, name) for name in ("content", "start", "end", "type")})
    return row


def remove(session: Session, who: SignedIn, annotation_id: int) -> None:
    """Delete an annotation; raises NotAllowed and NotFound."""
    session.delete(_own(session, who, annotation_id))


def may_change(session: Session, who: SignedIn, row: Annotation) -> bool:
    """Return whether a user may change an annotation: whoever may add to each row it is on."""
    return all(access.may(who, "create-children", place) for place in _places(session, row))


def _own(session: Session, who: SignedIn, annotation_id: int) -> Annotation:
    row = database.get(session, Annotation, annotation_id)
    for place in _places(session, row):
        access.check(who, "create-children", place)
    return row


def _places(session: Session, row: Annotation) -> list[Place]:
    on: list[tuple[type[Any], int | None]]
    on = [(Account, row.account_id), (Asset, row.asset_id), (Sensor, row.sensor_id)]
    return [database.get(session, kind, key) for kind, key in on if key is not None]


def _check(own: Mapping[str, Any]) -> None:
    if not 0 < len(own["content"].strip()) <= LONGEST:
        raise FieldError("content", f"must have 1 to {LONGEST} characters.")
    if own["type"] not in TYPES:
        raise FieldError("type", f"must be one of {', '.join(TYPES)}.")
    if own["end"] <= own["start"]:
        raise FieldError("end", "must be after start.")
