"""Annotations of accounts, assets and sensors: add, change, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.usecases.actor import Actor
from db.accounts.accounts import Account
from db.annotations import LONGEST, TYPES, Annotation
from db.assets import Asset
from db.core import database
from db.sensors import Sensor
from engine.errors import FieldError

Place: TypeAlias = Account | Asset | Sensor


@dataclass(frozen=True, kw_only=True)
class NewAnnotation:
    """A text about a stretch of time."""

    content: str
    start: datetime
    end: datetime
    """Excluded."""
    type: str = "label"
    """One of db.annotations.TYPES."""
    belief_time: datetime


def create_annotation(
    session: Session, actor: Actor, kind: type[Place], key: int, new: NewAnnotation
) -> tuple[Annotation, bool]:
    """Annotate the row of a kind with an id; return the annotation, and whether it is new.

    Raises:
        NotFound: There is no such row.
        NotAllowed: The actor may not add anything to the row.
        FieldError: The text is empty or too long, the type unknown, or the end not after the start.
    """
    place: Place = database.get(session, kind, key)
    actor.check("create-children", place)
    own = {"content": new.content, "start": new.start, "end": new.end, "type": new.type}
    _check(own)
    own[f"{place.__tablename__}_id"] = place.id
    source = actor.source(session)
    # A source that is new needs its id for the comparison.
    session.flush()
    # A client that repeats its request after a lost answer gets the annotation that it has added already.
    same = session.scalar(select(Annotation).filter_by(**own, source_id=source.id).limit(1))
    if same is not None:
        return same, False
    annotation = Annotation(**own, source_id=source.id, source=source, belief_time=new.belief_time)
    session.add(annotation)
    session.flush()
    return annotation, True


def update_annotation(session: Session, actor: Actor, annotation_id: int, fields: Mapping[str, Any]) -> Annotation:
    """Change content, start, end or type of an annotation; raises as ``create_annotation`` does, and NotFound."""
    row = _changeable(session, actor, annotation_id)
    for name, value in fields.items():
        if value is None:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
        setattr(row, name, value)
    _check({name: getattr(row, name) for name in ("content", "start", "end", "type")})
    return row


def delete_annotation(session: Session, actor: Actor, annotation_id: int) -> None:
    """Delete an annotation; raises NotAllowed and NotFound."""
    session.delete(_changeable(session, actor, annotation_id))


def places(session: Session, row: Annotation) -> list[Place]:
    """Return the rows that an annotation is on; whoever may add to each of them may change it."""
    on: list[tuple[type[Any], int | None]]
    on = [(Account, row.account_id), (Asset, row.asset_id), (Sensor, row.sensor_id)]
    return [database.get(session, kind, key) for kind, key in on if key is not None]


def _changeable(session: Session, actor: Actor, annotation_id: int) -> Annotation:
    row = database.get(session, Annotation, annotation_id)
    for place in places(session, row):
        actor.check("create-children", place)
    return row


def _check(own: Mapping[str, Any]) -> None:
    if not 0 < len(own["content"].strip()) <= LONGEST:
        raise FieldError("content", f"must have 1 to {LONGEST} characters.")
    if own["type"] not in TYPES:
        raise FieldError("type", f"must be one of {', '.join(TYPES)}.")
    if own["end"] <= own["start"]:
        raise FieldError("end", "must be after start.")
