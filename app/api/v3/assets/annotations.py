"""Annotations of accounts, assets and sensors: add, list, change, delete."""

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Select, select

from app.api.http.route import Call, Reply, delete, get, patch, post
from app.auth.access import access
from app.usecases import annotations
from app.usecases.annotations import NewAnnotation, Place
from app.usecases.fields import HYPHENS, Body, Moment, Query
from db.accounts.accounts import Account
from db.annotations import Annotation
from db.assets import Asset
from db.core import database
from db.sensors import Sensor
from engine.errors import FieldError

Kind = Literal["alert", "holiday", "label", "feedback", "warning", "error"]
Content = Annotated[str, Field(min_length=1, max_length=1024)]


class AnnotationBody(Body):
    """A remark on a stretch of time."""

    model_config = HYPHENS

    content: Content
    start: Moment
    end: Annotated[Moment, Field(description="Excluded")]
    type: Kind = "label"
    prior: Annotated[Moment | None, Field(description="When it was made; without it now")] = None


def _add(call: Call, kind: type[Place], id: int, body: AnnotationBody) -> Reply:
    given = body.model_dump(exclude={"prior"})
    new = NewAnnotation(**given, belief_time=body.prior or call.now)
    annotation, is_new = annotations.create_annotation(call.session, call.actor, kind, id, new)
    return Reply(content=_annotation_document(annotation), status=201 if is_new else 200)


def _annotation_document(row: Annotation) -> dict[str, Any]:
    return {
        "id": row.id,
        "content": row.content,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "type": row.type,
        "prior": row.belief_time.isoformat() if row.belief_time else None,
        "source": row.source.name,
        "source_id": row.source_id,
        "account_id": row.account_id,
        "asset_id": row.asset_id,
        "sensor_id": row.sensor_id,
    }


def annotate_account(call: Call, id: int, body: AnnotationBody) -> Reply:
    """Annotate an account; 201 if the annotation is new, 200 if it already exists."""
    return _add(call, Account, id, body)


def annotate_asset(call: Call, id: int, body: AnnotationBody) -> Reply:
    """Annotate an asset; 201 if the annotation is new, 200 if it already exists."""
    return _add(call, Asset, id, body)


def annotate_sensor(call: Call, id: int, body: AnnotationBody) -> Reply:
    """Annotate a sensor; 201 if the annotation is new, 200 if it already exists."""
    return _add(call, Sensor, id, body)


class AnnotationQuery(Query):
    """Which annotations to list."""

    start: Annotated[Moment | None, Field(description="Only those that end after it")] = None
    end: Annotated[Moment | None, Field(description="Only those that start before it")] = None
    type: Kind | None = None


def _list(call: Call, place: Place, of: Any, query: AnnotationQuery) -> list[dict[str, Any]]:
    access.check(call.user, "read", place)
    rows = select(Annotation).where(of).order_by(Annotation.start, Annotation.id)
    if query.start is not None:
        rows = rows.where(Annotation.end > query.start)
    if query.end is not None:
        rows = rows.where(Annotation.start < query.end)
    if query.type is not None:
        rows = rows.where(Annotation.type == query.type)
    return [_annotation_document(row) for row in few(call, rows)]


def few(call: Call, rows: Select[Annotation]) -> list[Annotation]:
    """Return the annotations a query finds.

    Raises:
        FieldError: They are more than one answer may have.
    """
    most = call.running.settings.most("ANNOTATIONS_READ")
    # One more than allowed tells that there are too many, without counting all of them.
    found = list(call.session.scalars(rows.limit(most.number + 1)))
    if len(found) > most.number:
        told = f"more than {most.number} annotations lie in this time, the most of one answer ({most.setting}); "
        raise FieldError("end", told + "ask for a shorter time.")
    return found


def of_account(call: Call, id: int, query: AnnotationQuery) -> list[dict[str, Any]]:
    """List the annotations of an account."""
    return _list(call, database.get(call.session, Account, id), Annotation.account_id == id, query)


def of_asset(call: Call, id: int, query: AnnotationQuery) -> list[dict[str, Any]]:
    """List the annotations of an asset."""
    return _list(call, database.get(call.session, Asset, id), Annotation.asset_id == id, query)


def of_sensor(call: Call, id: int, query: AnnotationQuery) -> list[dict[str, Any]]:
    """List the annotations of a sensor."""
    return _list(call, database.get(call.session, Sensor, id), Annotation.sensor_id == id, query)


class AnnotationChange(Body):
    """Fields of an annotation to change."""

    content: Content | None = None
    start: Moment | None = None
    end: Moment | None = None
    type: Kind | None = None


def change(call: Call, id: int, body: AnnotationChange) -> dict[str, Any]:
    """Change the fields given; the answer is the whole annotation."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    return _annotation_document(annotations.update_annotation(call.session, call.actor, id, given))


def remove(call: Call, id: int) -> None:
    """Delete an annotation."""
    annotations.delete_annotation(call.session, call.actor, id)


ROUTES = [
    post("/accounts/{id}/annotations", annotate_account, status=201),
    post("/assets/{id}/annotations", annotate_asset, status=201),
    post("/sensors/{id}/annotations", annotate_sensor, status=201),
    get("/accounts/{id}/annotations", of_account),
    get("/assets/{id}/annotations", of_asset),
    get("/sensors/{id}/annotations", of_sensor),
    patch("/annotations/{id}", change),
    delete("/annotations/{id}", remove),
]
