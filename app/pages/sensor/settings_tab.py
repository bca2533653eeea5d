"""Tab Settings of a sensor: name, unit, resolution, time zone and attributes; and its deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.assemble.site.naming import mentions
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.visit import address
from app.usecases import sensors as usecases
from app.usecases.flex_config import deletion_warning
from app.usecases.sensors import SensorChange
from app.widgets.async_content import note, reading, writing
from app.widgets.confirm import Removal
from app.widgets.forms import Form
from app.widgets.layout import Shell, go, section_heading
from app.widgets.tabs import Part
from db.beliefs import deletion
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import iso_duration

RESOLUTIONS = {
    "15 minutes": "PT15M", "1 minute": "PT1M", "5 minutes": "PT5M", "10 minutes": "PT10M", "30 minutes": "PT30M",
    "1 hour": "PT1H", "1 day": "PT24H", "instantaneous": "PT0M",
}  # fmt: skip
"""Length of one value, for people → as the API takes it."""


def sensor_fields(sensor: Sensor | None = None) -> list[Field]:
    """Fields of a sensor; without one those of a new sensor."""
    resolution = "PT15M" if sensor is None else iso_duration(sensor.resolution) if sensor.resolution else "PT0M"
    lengths = RESOLUTIONS if resolution in RESOLUTIONS.values() else {**RESOLUTIONS, resolution: resolution}
    return [
        Field(name="name", label="Name", value=sensor and sensor.name, optional=False),
        Field(name="unit", label="Unit", value=sensor and sensor.unit, help="For example kW, kWh, EUR/MWh, % or °C"),
        Field(
            name="event_resolution",
            label="Resolution",
            kind="choice",
            options=lengths,
            value=resolution,
            help="How long one value holds",
            optional=False,
        ),
        Field(
            name="timezone",
            label="Time zone",
            value=sensor and sensor.timezone,
            help="For example Europe/Amsterdam; its days, weeks and months are those of this zone",
        ),
        Field(name="attributes", label="Attributes", kind="object", value=sensor and sensor.attributes, help="As JSON"),
    ]


@dataclass(frozen=True)
class SettingsContent:
    """Content of the tab."""

    sensor: Sensor
    may_change: bool


def part(page: Shell, sensor_id: int) -> Part:
    """Tab Settings."""
    return Part("settings", "Settings", partial(read_settings, sensor_id), partial(show_settings, page))


def read_settings(sensor_id: int, session: Session, principal: SignedIn) -> SettingsContent:
    """Sensor, and whether the user may change it."""
    sensor = get(session, Sensor, sensor_id)
    access.check(principal, "read", sensor)
    return SettingsContent(sensor, access.may(principal, "update", sensor))


def show_settings(page: Shell, content: SettingsContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    sensor = content.sensor
    if not content.may_change:
        return [note(access.read_only("update", sensor))]

    async def send(values: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_sensor(session, actor, sensor.id, actor.read(SensorChange, values))
        )

    def read_consequences(session: Session, principal: SignedIn) -> tuple[int, str]:
        stored = get(session, Sensor, sensor.id)
        access.check(principal, "delete", stored)
        warning = deletion_warning(principal, mentions(session, {("sensor", sensor.id)}))
        return deletion.count(session, stored), warning

    async def ask() -> str:
        count, warning = await reading(read_consequences)
        loss = f"The sensor {sensor.name} and all of its {count:,} beliefs will be deleted."
        return f"{loss} This cannot be undone. {warning}".strip()

    async def delete() -> None:
        await writing(lambda session, actor: usecases.delete_sensor(session, actor, sensor.id))

    form = Form(sensor_fields(sensor), send=send, done=lambda saved: page.rename(f"{sensor.asset.name}: {saved.name}"))
    away = partial(go, address(f"/assets/{sensor.asset_id}?tab=context"))
    removal = Removal("Delete this sensor", ask=ask, act=delete, done=lambda _: away(), word=sensor.name)
    return [form, section_heading("Delete"), removal]
