"""Tab Settings of a sensor: its name, unit, resolution and attributes; and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.asset_context import heading
from app.pages.filling import asking, note, reading
from app.pages.forms import Field, Form
from app.pages.removing import Removal
from app.pages.shell import Shell, address, go
from app.pages.tabs import Part
from db import deleting
from db.base import get
from db.sensors import Sensor
from engine.iso_time import iso_duration

READ_ONLY = "You may look at this sensor, but not change it; ask an admin of its account."


@dataclass(frozen=True)
class Found:
    """What the tab shows."""

    sensor: Sensor
    may_change: bool


def part(page: Shell, sensor_id: int) -> Part:
    """Return the tab."""
    return Part("settings", "Settings", partial(_read, sensor_id), partial(_show, page))


def _read(sensor_id: int, work: Session, who: SignedIn) -> Found:
    sensor = get(work, Sensor, sensor_id)
    access.check(who, "read", sensor)
    return Found(sensor, access.may(who, "update", sensor))


def fields(sensor: Sensor | None = None) -> list[Field]:
    """Return the fields of a sensor; of a new one without any."""
    resolution = "" if sensor is None else iso_duration(sensor.resolution) if sensor.resolution else "PT0M"
    return [
        Field(name="name", label="Name", value=sensor and sensor.name, optional=False),
        Field(name="unit", label="Unit", value=sensor and sensor.unit, help="Such as kW, kWh, EUR/MWh, %, °C"),
        Field(
            name="event_resolution",
            label="Resolution",
            value=resolution,
            help="How long each value holds, such as PT15M; PT0M for values of a moment",
            optional=False,
        ),
        Field(name="timezone", label="Time zone", value=sensor and sensor.timezone, help="Of its days"),
        Field(name="attributes", label="Attributes", kind="object", value=sensor and sensor.attributes),
    ]


def _show(page: Shell, found: Found) -> Sequence[Any]:
    sensor = found.sensor
    if not found.may_change:
        return [note(READ_ONLY)]

    async def send(given: Mapping[str, Any]) -> Any:
        return await asking("PATCH", f"/sensors/{sensor.id}", body=given)

    async def ask() -> str:
        count = await reading(partial(_counted, sensor.id))
        return f"The sensor {sensor.name} goes with all its {count:,} beliefs. They cannot be brought back."

    async def delete() -> None:
        await asking("DELETE", f"/sensors/{sensor.id}")

    form = Form(fields(sensor), send=send, done=lambda saved: page.rename(f"{sensor.asset.name}: {saved['name']}"))
    away = partial(go, address(f"/assets/{sensor.asset_id}?tab=context"))
    gone = Removal("Delete this sensor", ask=ask, act=delete, done=lambda _: away(), word=sensor.name)
    return [form, heading("Delete"), gone]


def _counted(sensor_id: int, work: Session, who: SignedIn) -> int:
    sensor = get(work, Sensor, sensor_id)
    access.check(who, "delete", sensor)
    return deleting.count(work, sensor)
