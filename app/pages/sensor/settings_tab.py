"""Tab Settings of a sensor: name, unit, resolution, time zone and attributes; and its deletion."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.site.naming import mentions
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import button_html, form_html
from app.fragments.page import Confirmation, Done, PageForm
from app.fragments.tables import sections
from app.fragments.tabs import TextTab
from app.fragments.templates import note
from app.fragments.threads import reading, writing
from app.fragments.visit import Visit, address
from app.usecases.flex_config import deletion_warning
from app.usecases.sensors import SensorChange, delete_sensor, update_sensor
from db.beliefs import deletion
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import iso_duration

RESOLUTIONS = {
    "instantaneous values": "PT0M",
    "1 minute": "PT1M",
    "5 minutes": "PT5M",
    "10 minutes": "PT10M",
    "15 minutes": "PT15M",
    "30 minutes": "PT30M",
    "1 hour": "PT1H",
    "1 day": "PT24H",
}
"""How long one value may hold, for people."""


def sensor_fields(sensor: Sensor | None = None) -> list[Field]:
    """Fields of a sensor; without one those of a new sensor."""
    now = "PT15M" if sensor is None else iso_duration(sensor.resolution) if sensor.resolution else "PT0M"
    resolutions = RESOLUTIONS if now in RESOLUTIONS.values() else {now: now, **RESOLUTIONS}
    return [
        Field(name="name", label="Name", value=sensor and sensor.name, optional=False),
        Field(name="unit", label="Unit", value=sensor and sensor.unit, help="For example kW, kWh, EUR/MWh, % or °C"),
        Field(
            name="event_resolution",
            label="Resolution",
            kind="choice",
            options=resolutions,
            value=now,
            help="How long one value holds",
            optional=False,
        ),
        Field(
            name="timezone",
            label="Time zone",
            kind="zone",
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
    may_delete: bool


def read_settings(visit: Visit, session: Session, principal: SignedIn) -> SettingsContent:
    """Sensor, and whether the user may change it."""
    sensor = get(session, Sensor, visit.key)
    access.check(principal, "read", sensor)
    return SettingsContent(sensor, *(access.may(principal, action, sensor) for action in ("update", "delete")))


def show_settings(visit: Visit, content: SettingsContent) -> Markup:
    """The tab."""
    forms = setting_forms(visit, content)
    if "save" not in forms:
        return note(access.read_only("update", content.sensor))
    form = form_html("save", forms["save"])
    if "delete" not in forms:
        return form
    return form + sections({"Delete": button_html("delete", "Delete this sensor …")})


def setting_forms(_visit: Visit, content: SettingsContent) -> dict[str, PageForm]:
    """What the user may do with the sensor."""
    forms = {"save": PageForm(send=send_settings, fields=sensor_fields(content.sensor))} if content.may_change else {}
    return forms | (
        {"delete": PageForm(send=send_sensor_deletion, confirm=confirm_sensor_deletion)} if content.may_delete else {}
    )


async def send_settings(visit: Visit, values: dict[str, Any]) -> Done:
    """Change the sensor."""
    await writing(
        lambda session, actor: update_sensor(session, actor, visit.key, actor.read(SensorChange, values)),
        visit.principal,
    )
    return Done(text="Saved.")


async def confirm_sensor_deletion(visit: Visit, _values: dict[str, Any]) -> Confirmation:
    """What is deleted with the sensor, in words."""

    def read_consequences(session: Session, principal: SignedIn) -> Confirmation:
        sensor = get(session, Sensor, visit.key)
        access.check(principal, "delete", sensor)
        warning = deletion_warning(principal, mentions(session, {("sensor", sensor.id)}))
        loss = f"The sensor {sensor.name} and all of its {deletion.count(session, sensor):,} values will be deleted."
        text = f"{loss} This cannot be undone. {warning}".strip()
        return Confirmation(text=text, agree=f"Delete {sensor.name} and its data", typed=sensor.name)

    return await reading(read_consequences, visit.principal)


async def send_sensor_deletion(visit: Visit, _values: dict[str, Any]) -> Done:
    """Delete the sensor."""
    asset_id = await reading(lambda session, _principal: get(session, Sensor, visit.key).asset_id, visit.principal)
    await writing(lambda session, actor: delete_sensor(session, actor, visit.key), visit.principal)
    return Done(text="The sensor is deleted.", href=address(f"/assets/{asset_id}?tab=context"))


TAB = TextTab(read=read_settings, show=show_settings, forms=setting_forms)
