"""What can be named in a request, and every way to write it: the tables behind ``test_references``.

Fields come from the models that read them, so that a new field is tried by itself.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from app.assemble.site.flex_config import OLD_CAPACITIES, OLD_MODEL_ATTRIBUTES, OLD_SHARES, OLD_SITE_CAPACITIES
from db import sources
from db.assets import Asset
from db.beliefs import store
from db.core.database import Database
from db.sensors import Sensor
from engine.flex.commodity import CommitmentModel, CommodityContext
from engine.flex.context import FlexContext
from engine.flex.fields import FlexFields
from engine.flex.parts import GroupReference
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel
from engine.series.window import Window
from tests.auth.permission_table import FLEX, PLAN
from tests.effort import effort

Flex = dict[str, Any]
START = datetime(2026, 1, 5, tzinfo=UTC)
SECRETS = {"price": ("JPY/MWh", 46173.125), "power": ("GW", 0.00000461731), "stored": ("GWh", 0.00000461732)}
"""Sensors of the other account, with units and values that nothing else has."""
SIGNS = ("46173", "JPY", "GW", "4.6173", "461731", "461732", "46.173")
"""What an answer must not hold: digits of the values in any unit, and the units."""
MODELS: dict[str, type[FlexFields]] = {
    "flex-context": FlexContext,
    "flex-context.commodities": CommodityContext,
    "flex-context.commitments": CommitmentModel,
    "flex-context.commitments.group": GroupReference,
    "flex-model": StorageModel,
    "flex-model.group": GroupReference,
    "flex-model of a process": ProcessModel,
}
PROCESS = {"power": "1 kW", "duration": "PT30M", "process-type": "SHIFTABLE"}
PROMISE = {"name": "x", "baseline": "1 kW", "up-price": "1 EUR/kWh"}
REFERENCE = {"quantity", "quantities"}
"""Forms of field that take ``{"sensor": id}``."""


class Named(NamedTuple):
    """One field of a plan."""

    model: str
    name: str
    form: str
    unit: str | None


def fields() -> Iterator[Named]:
    """Give every field of every model, in both spellings where they differ."""
    for model, kind in MODELS.items():
        for fact in kind.facts():
            for name in dict.fromkeys((fact.name, fact.name.replace("-", "_"))):
                # A quantity that is one number for all, such as carbon-cap, takes no sensor.
                yield Named(model, name, fact.form if fact.role else "text", fact.unit)


def beside(name: str, usual: Flex) -> Flex:
    """Return fields of a device that may stand beside a field of some name."""
    other = {name.replace("_", "-"), name.replace("-", "_")}
    if "power-profile" in other:
        other |= {"power", "duration"}  # it stands in their place
    if "thermal-capacity" in other:
        other |= {key for key in usual if key.startswith("soc-")}  # temperatures do
    return {key: own for key, own in usual.items() if key not in other}


def body(model: str, name: str, value: Any, power: int) -> dict[str, Any]:
    """Return a request for a plan that gives one field a value; without it, it would be planned."""
    entry, context = {"sensor": power, **FLEX}, dict(PLAN["flex-context"])
    given = {name: value}

    def changed(usual: Flex) -> Flex:
        return beside(name, usual) | given

    if model == "flex-context.commodities":
        context["commodities"] = [changed({"commodity": "gas", "consumption-price": "0.1 EUR/kWh"})]
    elif model == "flex-context.commitments":
        context["commitments"] = [changed(PROMISE)]
    elif model == "flex-context.commitments.group":
        context["commitments"] = [PROMISE | {"group": given}]
    elif model == "flex-context":
        context = changed(context)
    elif model == "flex-model.group":
        entry |= {"group": given}
    else:
        entry = changed({"sensor": power, **PROCESS} if "process" in model else entry)
    return {"start": PLAN["start"], "duration": "PT1H", "flex-context": context, "flex-model": [entry]}


def spellings(key: int) -> dict[str, Any]:
    """Return every way in which JSON could name a sensor, by what it looks like."""
    plain = {"9": key, "text": str(key), "9.0": float(key), "[9]": [key], "[[9]]": [[key]], "true": True}
    plain |= {"a large one": 10**12, "-9": -key}
    plain |= {f"{{sensor: {shown}}}": {"sensor": value} for shown, value in list(plain.items())}
    plain |= {f"{{{name}: 9}}": {name: key} for name in ("Sensor", "SENSOR", "sensors", "sensor-id")}
    plain |= {"[{sensor: 9}]": [{"sensor": key}], "[[{sensor: 9}]]": [[{"sensor": key}]]}
    return plain | {"{sensor: {sensor: 9}}": {"sensor": {"sensor": key}}}


def tried(key: int, turn: int) -> dict[str, Any]:
    """Return the two plain spellings and every eighth of the others; in the long form all of them.

    One function reads all fields, so that each spelling is tried often enough over the fields, whose turn this is.
    """
    return {
        shown: value
        for place, (shown, value) in enumerate(spellings(key).items())
        if shown in ("9", "{sensor: 9}") or (place + turn) % effort(8, 1) == 0
    }


OLD: dict[str, str] = {"market_id": "price"}
OLD |= dict.fromkeys((*OLD_SITE_CAPACITIES, *OLD_CAPACITIES, *OLD_SHARES, *OLD_MODEL_ATTRIBUTES), "power")
"""Attributes of older releases → the secret that they could tell."""


def keep_secrets(database: Database, owner: int) -> dict[str, int]:
    """Give another account sensors with values; return their ids, and that of a source."""
    found = {}
    with database.writing() as session:
        asset = Asset(name="vault", asset_type_id=1, account_id=owner)
        session.add(asset)
        session.flush()
        by = sources.of_user(session, session.connection().exec_driver_sql("SELECT id FROM app_user "
            "WHERE username = 'rival'").scalar_one(), name="rival", account_id=owner)  # fmt: skip
        for name, (unit, value) in SECRETS.items():
            sensor = Sensor(name=f"secret {name}", asset_id=asset.id, unit=unit, resolution=timedelta(minutes=15))
            session.add(sensor)
            session.flush()
            starts = Window(START - timedelta(days=2), START + timedelta(days=2), timedelta(minutes=15)).starts
            store.write(session, sensor, by, events=starts, values=np.full(len(starts), value), known_at=START)
            found[name] = sensor.id
        return found | {"source": by.id, "asset": asset.id}


def put(database: Database, kind: type[Asset] | type[Sensor], key: int, **columns: Any) -> Callable[[], None]:
    """Store something as if somebody who may had done so; return what undoes it."""
    with database.writing() as session:
        row = session.get_one(kind, key)
        before = {name: getattr(row, name) for name in columns}
        for name, value in columns.items():
            setattr(row, name, value)

    def undo() -> None:
        with database.writing() as session:
            for name, value in before.items():
                setattr(session.get_one(kind, key), name, value)

    return undo
