"""Tab Settings of a sensor: its name, unit, resolution and attributes; and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.assemble.site.naming import mentions
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.context_tab import heading
from app.pages.sensor.fields import fields
from app.usecases import sensors as usecases
from app.usecases.flex_config import deletion_warning
from app.usecases.sensors import SensorChange
from app.widgets.async_content import note, reading, writing
from app.widgets.delete_dialog import Removal
from app.widgets.forms import Form
from app.widgets.layout import Shell, address, go
from app.widgets.tabs import Part
from db.beliefs import deletion
from db.core.database import get
from db.sensors import Sensor

READ_ONLY = "You have read-only access to this sensor. To change it, ask an admin of its account."


@dataclass(frozen=True)
class SettingsContent:
    """What the tab shows."""

    sensor: Sensor
    may_change: bool


def part(page: Shell, sensor_id: int) -> Part:
    """Return the tab."""
    return Part("settings", "Settings", partial(_read, sensor_id), partial(_show, page))


def _read(sensor_id: int, session: Session, who: SignedIn) -> SettingsContent:
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "read", sensor)
    return SettingsContent(sensor, access.may(who, "update", sensor))


def _show(page: Shell, found: SettingsContent) -> Sequence[Any]:
    sensor = found.sensor
    if not found.may_change:
        return [note(READ_ONLY)]

    async def send(given: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_sensor(session, actor, sensor.id, actor.read(SensorChange, given))
        )

    async def ask() -> str:
        count, warning = await reading(partial(_counted, sensor.id))
        return f"The sensor {sensor.name} goes with all its {count:,} beliefs. This cannot be undone. {warning}".strip()

    async def delete() -> None:
        await writing(lambda session, actor: usecases.delete_sensor(session, actor, sensor.id))

    form = Form(fields(sensor), send=send, done=lambda saved: page.rename(f"{sensor.asset.name}: {saved.name}"))
    away = partial(go, address(f"/assets/{sensor.asset_id}?tab=context"))
    gone = Removal("Delete this sensor", ask=ask, act=delete, done=lambda _: away(), word=sensor.name)
    return [form, heading("Delete"), gone]


def _counted(sensor_id: int, session: Session, who: SignedIn) -> tuple[int, str]:
    """Return the number of beliefs of a sensor, and which flex-configs name it."""
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "delete", sensor)
    return deletion.count(session, sensor), deletion_warning(who, mentions(session, {("sensor", sensor_id)}))
