"""A saved schedule with other fields of its flex-config: its site assembled anew, and the fields kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.flex_config import Effective, model_kind, named
from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.usecases.actor import Actor
from app.usecases.assets.assets import AssetChange, update_asset
from app.usecases.explanations.stored_site import StoredSite, open_site
from db.assets import Asset
from db.core import database
from engine.errors import FieldError, InputError
from engine.flex.fields import FlexFields
from engine.site import Site

DEVICE: Final = ("sensor", "asset")
"""Fields by which an entry names its device."""
NOT_KEPT: Final = (
    "Nothing of this what-if can be saved: prices, loads, energies at the start and powers held belong to one plan. "
    "Change a field of a device or of the site first."
)


@dataclass(frozen=True, kw_only=True)
class DescribedDevice:
    """A device of a saved schedule, as it was described."""

    asset_id: int | None
    sensor_id: int | None
    """Power sensor that names it, if one does."""
    effective: Effective
    """Its flex-model in effect, as users write it."""
    kind: type[FlexFields]
    name: str
    """Of its asset today."""

    def is_named_by(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is about this device."""
        if "sensor" in entry:
            return self.sensor_id is not None and entry["sensor"] == self.sensor_id
        return self.asset_id is not None and entry.get("asset") == self.asset_id

    @property
    def key(self) -> dict[str, int]:
        """How an entry names it."""
        return {"asset": self.asset_id} if self.asset_id is not None else {"sensor": self.sensor_id or 0}


def described_devices(session: Session, stored: StoredSite) -> list[DescribedDevice]:
    """Devices of a saved schedule in the order in which they were planned."""
    models = stored.content["flex-model"]
    ids = {model["asset"] for model in models} - {None}
    rows = {row.id: row for row in session.scalars(select(Asset).where(Asset.id.in_(ids)))}
    return [
        DescribedDevice(
            asset_id=model["asset"],
            sensor_id=model["sensor"],
            effective=Effective(model["fields"], model["origins"]),
            kind=model_kind(rows[model["asset"]].asset_type.name if model["asset"] in rows else "", model["fields"]),
            name=rows[model["asset"]].name if model["asset"] in rows else "device",
        )
        for model in models
    ]


def assemble_otherwise(
    session: Session,
    actor: Actor,
    stored: StoredSite,
    models: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
) -> Site:
    """Site of a saved schedule with other fields, every series as it was known then.

    Args:
        session: A session that reads.
        actor: Who may read what the fields name.
        stored: The schedule.
        models: Entries with other fields of devices.
        context: Other fields of the flex-context.

    Raises:
        FieldError: An entry names no device of the schedule, or a field is wrong.
        NotAllowed: A field names what the actor may not read.
        InputError: The devices of the site are others by now.
    """
    devices = described_devices(session, stored)
    entries = [device.effective for device in devices]
    for number, entry in enumerate(models):
        at = _device_of(devices, entry, number)
        entries[at] = entries[at].under({name: value for name, value in entry.items() if name not in DEVICE}, "")
    described = stored.content["flex-context"]
    asked = ScheduleRequest.model_validate(stored.content["request"])
    request = asked.model_copy(
        update={
            "duration": stored.row.end - asked.start,
            "resolution": asked.resolution or stored.row.step,
            "flex_model": tuple(
                {**entry.fields, **({} if "sensor" in entry.fields else device.key)}
                for entry, device in zip(entries, devices, strict=True)
            ),
            "flex_context": Effective(described["fields"], described["origins"]).under(context, "").fields,
        }
    )
    references = References(session, actor.principal, saves=False)
    rules = schedule.preview_rules(actor.settings)
    site: Site = schedule.prepare(references, request, known_at=stored.row.belief_time, rules=rules).assembled.site
    if len(site.devices) != len(stored.site.devices) or site.window.n != stored.site.window.n:
        raise InputError("The site has other devices than when this was planned; run a schedule, then try again.")
    return site


def _device_of(devices: Sequence[DescribedDevice], entry: Mapping[str, Any], number: int) -> int:
    at = [place for place, device in enumerate(devices) if device.is_named_by(entry)]
    if len(at) != 1:
        known = ", ".join(f"{device.name} ({device.key})" for device in devices)
        raise FieldError(f"flex-model[{number}]", f"names no device of this schedule; name one of {known}.")
    return at[0]


def save_flex_edits(
    session: Session,
    actor: Actor,
    schedule_id: int,
    models: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
) -> list[str]:
    """Keep other fields on the assets that they are about; return the names of these assets.

    Raises:
        NotFound, NotAllowed, InputsGone: See ``open_site`` and ``update_asset``.
        FieldError: An entry names no device of the schedule.
        InputError: There is nothing to keep.
        Invalid: A field cannot be stored on an asset.
    """
    stored = open_site(session, actor, schedule_id)
    devices = described_devices(session, stored)
    changes: dict[int, dict[str, Any]] = {}
    for number, entry in enumerate(models):
        device = devices[_device_of(devices, entry, number)]
        fields = {name: value for name, value in entry.items() if name not in DEVICE}
        if device.asset_id is not None and fields:
            before = named(database.get(session, Asset, device.asset_id).flex_model)
            changes.setdefault(device.asset_id, {})["flex_model"] = {**before, **fields}
    if context:
        before = named(database.get(session, Asset, stored.row.asset_id).flex_context)
        changes.setdefault(stored.row.asset_id, {})["flex_context"] = {**before, **context}
    if not changes:
        raise InputError(NOT_KEPT)
    return [
        update_asset(session, actor, asset_id, actor.read(AssetChange, change)).name
        for asset_id, change in changes.items()
    ]
