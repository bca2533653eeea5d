"""The account of the tutorials: a user, a price market, a battery and solar panels."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.passwords import hashed
from app.settings.settings import load
from app.usecases.accounts import NewAccount, create_account
from app.usecases.actor import Actor
from app.usecases.assets.assets import AssetChange, NewAsset, create_asset, update_asset
from app.usecases.sensors import NewSensor, create_sensor
from app.usecases.users import NewUser, create_user
from db import assets, sources
from db.accounts.accounts import Account
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import InputError
from engine.series.iso_time import iso_duration

ACCOUNT = "Toy Account"
EMAIL, PASSWORD = "toy-user@flexmeasures.io", "toy-password"
ZONE = "Europe/Amsterdam"
PLACE = {"latitude": 52.374, "longitude": 4.88969}
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def account(session: Session) -> Account:
    """Return the toy account with its user, made if they are not there yet."""
    found = session.scalar(select(Account).where(Account.name == ACCOUNT))
    if found is not None:
        return found
    actor = operator()
    made = create_account(session, actor, NewAccount(name=ACCOUNT))
    new = NewUser(email=EMAIL, username="toy-user", account_id=made.id, timezone=ZONE)
    user = create_user(session, actor, new, password_hash=hashed(PASSWORD), roles=["account-admin"])
    sources.of_user(session, user.id, name=user.username, account_id=made.id)
    return made


def operator() -> Actor:
    """Actor in whose name the demo is built: the host at a terminal."""
    return Actor(principal=None, settings=load(), now=datetime.now(UTC))


def battery(session: Session) -> dict[str, Sensor]:
    """Add the market, the battery and the solar panels of the first tutorials; return their sensors by name.

    Raises:
        InputError: The toy account has its battery already.
    """
    owner = account(session)
    if session.scalar(select(Asset).where(Asset.name == "toy-battery", Asset.account_id == owner.id)):
        raise InputError("The toy account has its battery already; start with an empty database to begin again.")
    market = "NL transmission zone"  # public, so that it outlives the toy account
    prices = session.scalar(select(Sensor).join(Asset).where(Asset.name == market, Asset.account_id.is_(None)))
    if prices is None:
        zone = add_asset(session, market, "transmission zone", account_id=None)
        prices = add_sensor(session, zone, "day-ahead prices", "EUR/MWh", HOUR)
    limits = {"capacity_in_mw": 0.5, "min_soc_in_mwh": 0.05, "max_soc_in_mwh": 0.45}
    storage = add_asset(session, "toy-battery", "battery", account_id=owner.id, attributes=limits, **PLACE)
    discharging = add_sensor(session, storage, "discharging", "MW", QUARTER)
    panels = add_asset(session, "toy-solar", "solar", account_id=owner.id, **PLACE)
    production = add_sensor(session, panels, "production", "MW", QUARTER)
    show_sensors(session, storage, [prices.id, [production.id, discharging.id]])
    return {sensor.name: sensor for sensor in (prices, discharging, production)}


def processes(session: Session) -> dict[str, Sensor]:
    """Add the asset of the tutorial on processes, with one power sensor for each way to time one.

    Raises:
        InputError: The toy account has it already.
    """
    owner = account(session)
    if session.scalar(select(Asset).where(Asset.name == "toy-process", Asset.account_id == owner.id)):
        raise InputError("The toy account has its process already; start with an empty database to begin again.")
    plant = add_asset(session, "toy-process", "process", account_id=owner.id, **PLACE)
    made = [
        add_sensor(session, plant, f"Power ({kind})", "MW", QUARTER, attributes={"consumption_is_positive": True})
        for kind in ("INFLEXIBLE", "BREAKABLE", "SHIFTABLE")
    ]
    # Each tutorial may be the first one; then there are no prices to show.
    market = session.scalar(select(Sensor).where(Sensor.name == "day-ahead prices"))
    show_sensors(session, plant, [*([market.id] if market else []), *(sensor.id for sensor in made)])
    return {sensor.name: sensor for sensor in made}


def show_sensors(session: Session, asset: Asset, charts: list[Any]) -> None:
    """Choose the charts of an asset."""
    update_asset(session, operator(), asset.id, AssetChange(sensors_to_show=charts))


def add_asset(session: Session, name: str, kind: str, **columns: Any) -> Asset:
    """Return a new asset of a type."""
    new = NewAsset(name=name, generic_asset_type_id=assets.asset_type(session, kind).id, **columns)
    return create_asset(session, operator(), new)


def add_sensor(session: Session, asset: Asset, name: str, unit: str, resolution: timedelta, **columns: Any) -> Sensor:
    """Return a new sensor of an asset, with days as in Amsterdam."""
    new = {"name": name, "unit": unit, "timezone": ZONE, "generic_asset_id": asset.id, **columns}
    length = iso_duration(resolution) if resolution else "PT0M"
    return create_sensor(session, operator(), NewSensor(event_resolution=length, **new))
