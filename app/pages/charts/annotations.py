"""Annotations of the time in view: bands in the charts, the list below them, and the forms that change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.fields import Field
from app.fragments.page import Done, PageForm
from app.fragments.templates import render
from app.fragments.threads import writing
from app.fragments.visit import Visit
from app.usecases.annotations import (
    NewAnnotation,
    create_annotation,
    delete_annotation,
    places,
    update_annotation,
)
from components.charts.annotations import AnnotationBand
from components.local_time import MILLISECOND
from db import annotations, listing
from db.annotations import TYPES, On
from db.assets import Asset
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import instant, to_us, zone


@dataclass(frozen=True)
class AnnotationLine:
    """One annotation as it is shown."""

    id: int
    band: AnnotationBand
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class AnnotationTarget:
    """Asset or sensor that new annotations are put on, and whose annotations are shown."""

    kind: type[Asset] | type[Sensor]
    id: int
    sensors: Sequence[int] = ()
    """Sensors in the charts."""


@dataclass(frozen=True)
class AnnotationsContent:
    """Annotations in a span of time."""

    annotations: list[AnnotationLine]
    may_add: bool


def read_annotations(
    target: AnnotationTarget, span: tuple[int, int], local: ZoneInfo, session: Session, principal: SignedIn
) -> AnnotationsContent:
    """Annotations in a time range [µs since 1970 UTC]: of the target, its asset, its account and the sensors shown."""
    row = get(session, target.kind, target.id)
    access.check(principal, "read", row)
    asset = row.asset if isinstance(row, Sensor) else row
    accounts = [] if asset.account_id is None else [asset.account_id]
    shown = listing.sensors(session, target.sensors)
    sensors = [key for key, sensor in shown.items() if access.may(principal, "read", sensor)]
    on = On(accounts=accounts, assets=[asset.id], sensors=sensors)
    rows = annotations.overlapping(session, on, *time_range.from_microseconds(span, local))
    bands = [
        AnnotationLine(
            row.id,
            AnnotationBand(
                start=to_us(row.start), end=to_us(row.end), text=row.content, kind=row.type, by=row.source.description
            ),
            all(access.may(principal, "create-children", each) for each in places(session, row)),
        )
        for row in rows
    ]
    return AnnotationsContent(bands, access.may(principal, "create-children", row))


def annotation_list(content: AnnotationsContent, local: ZoneInfo) -> Markup:
    """Annotations in view as HTML, with buttons where they may be changed."""
    rows = []
    for annotation in content.annotations:
        band = annotation.band
        start, end = time_range.from_microseconds((band.start, band.end), local)
        moments = {"start": band.start // MILLISECOND, "end": band.end // MILLISECOND}
        text = f"{start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %Y %H:%M}"
        rows.append({"id": annotation.id, "band": band, "text": text, "may_change": annotation.may_change, **moments})
    return render("annotations", rows=rows)


def annotation_form() -> Sequence[Field]:
    """Fields of an annotation; an empty id stands for a new one."""
    kinds = {name.capitalize(): name for name in TYPES}
    return [
        Field(name="id", label="Id", kind="hidden"),
        Field(name="content", label="Description", optional=False),
        Field(name="type", label="Type", kind="choice", options=kinds, value="label"),
        Field(name="start", label="From", kind="moment", optional=False),
        Field(name="end", label="To", kind="moment", optional=False),
    ]


def annotation_forms(kind: type[Asset] | type[Sensor]) -> Mapping[str, PageForm]:
    """Forms of a page by which annotations of its asset or sensor are saved and deleted."""
    return {
        "annotate": PageForm(
            send=partial(save_annotation, kind), fields=annotation_form(), button="Save annotation", whole=True
        ),
        "delete-annotation": PageForm(send=remove_annotation),
    }


async def save_annotation(kind: type[Asset] | type[Sensor], visit: Visit, values: dict[str, Any]) -> Done:
    """Save a new annotation, or a changed one."""
    local, key = zone(visit.principal.timezone), values.pop("id", None)
    fields = values | {name: instant(values[name], field=name, local=local) for name in ("start", "end")}
    if key:
        await writing(
            lambda session, actor: update_annotation(session, actor, int(key), fields), visit.principal
        )  # fmt: skip
    else:
        new = NewAnnotation(**fields, belief_time=datetime.now(UTC))
        await writing(lambda session, actor: create_annotation(session, actor, kind, visit.key, new), visit.principal)
    return Done(text="Annotation saved.", stays=True)


async def remove_annotation(visit: Visit, values: dict[str, Any]) -> Done:
    """Delete an annotation."""
    await writing(lambda session, actor: delete_annotation(session, actor, int(values["key"])), visit.principal)
    return Done(text="Annotation deleted.", stays=True)
