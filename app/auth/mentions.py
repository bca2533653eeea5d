"""Sensors that a flex-config names: whoever asks must be allowed to read them, or to write those that get results."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.assemble import showing
from app.auth import access
from app.auth.access import Action
from app.auth.identity import SignedIn
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import FieldError

RECEIVE = {"consumption", "production", "state-of-charge", "aggregate-power"}
RECEIVE |= {"aggregate-consumption", "aggregate-production"}
"""Fields whose sensor is written to."""


def named(config: Any, *, receives: bool = False) -> Iterator[tuple[str, int, Action]]:
    """Give kind, id and needed permission of every sensor and asset that a flex-config names."""
    if isinstance(config, Mapping):
        for key, value in config.items():
            name = str(key).replace("_", "-")
            kind = "asset" if name == "asset" else "sensor" if name.endswith(("sensor", "sensors")) else ""
            needed: Action = "create-children" if receives else "read"
            numbers = [value] if isinstance(value, int) else value if isinstance(value, list) else []
            ids = [number for number in numbers if type(number) is int] if kind else []
            yield from ((kind, number, needed) for number in ids)
            yield from named(value, receives=name in RECEIVE)
    elif isinstance(config, list | tuple):
        for entry in config:
            yield from named(entry, receives=receives)


def check_shown(work: Session, who: SignedIn, charts: Any, *, field: str, playing: bool) -> None:
    """Refuse charts of what the asker may not see; in play mode that is nothing.

    Raises:
        FieldError: There is no such sensor.
        NotAllowed: It is of an account whose data the asker may not read.
    """
    for key in showing.named(charts):
        sensor = work.get(Sensor, key)
        if sensor is None:
            raise FieldError(field, f"there is no sensor {key}; name another one.")
        if not access.may_be_shown(who, sensor, playing=playing):
            access.check(who, "read", sensor)


def check(work: Session, who: SignedIn, config: Any, *, field: str, devices: bool = False) -> None:
    """Refuse a flex-config that names what the asker may not use.

    Args:
        work: To look up.
        who: Who asks.
        config: Flex-model or flex-context, as users write it.
        field: Which of them, for the error.
        devices: Whether the sensors that name the entries receive the plan.

    Raises:
        FieldError: There is no such sensor or asset.
        NotAllowed: It is of an account whose data the asker may not read or write.
    """
    for kind, key, needed in named(config, receives=False):
        row = work.get(Sensor, key) if kind == "sensor" else work.get(Asset, key)
        if row is None:
            raise FieldError(field, f"there is no {kind} {key}; add it first, or name another one.")
        access.check(who, needed, row)
    for entry in config if devices and isinstance(config, list | tuple) else []:
        if isinstance(entry, Mapping) and type(entry.get("sensor")) is int:
            access.check(who, "create-children", work.get_one(Sensor, entry["sensor"]))
