"""The account of the tutorials: a user, a price market, a battery and solar panels."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.login.passwords import hashed
from db import assets, sources
from db.accounts import users
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import InputError

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
    made = Account(name=ACCOUNT)
    session.add(made)
    session.flush()
    user = User(email=EMAIL, username="toy-user", password_hash=hashed(PASSWORD), account_id=made.id, timezone=ZONE)
    user.roles.append(users.role(session, "account-admin"))
    session.add(user)
    session.flush()
    sources.of_user(session, user.id, name=user.username, account_id=made.id)
    return made


def battery(session: Session) -> dict[str, Sensor]:
    """Add the market, the battery and the solar panels of the first tutorials; return their sensors by name.

    Raises:
        InputError: The toy account has its battery already.
    """
    owner = account(session)
    if session.scalar(select(Asset).where(Asset.name == "toy-battery", Asset.account_id == owner.id)):
        raise InputError("The toy account has its battery already; start with an empty database to begin again.")
    market = add_asset(session, "NL transmission zone", "transmission zone", account_id=None)
    prices = add_sensor(session, market, "day-ahead prices", "EUR/MWh", HOUR)
    limits = {"capacity_in_mw": 0.5, "min_soc_in_mwh": 0.05, "max_soc_in_mwh": 0.45}
    storage = add_asset(session, "toy-battery", "battery", account_id=owner.id, attributes=limits, **PLACE)
    discharging = add_sensor(session, storage, "discharging", "MW", QUARTER)
    panels = add_asset(session, "toy-solar", "solar", account_id=owner.id, **PLACE)
    production = add_sensor(session, panels, "production", "MW", QUARTER)
    storage.sensors_to_show = [prices.id, [production.id, discharging.id]]
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
    market = session.scalar(select(Sensor).where(Sensor.name == "day-ahead prices"))
    plant.sensors_to_show = [*([market.id] if market else []), *(sensor.id for sensor in made)]
    return {sensor.name: sensor for sensor in made}


def add_asset(session: Session, name: str, kind: str, **columns: Any) -> Asset:
    """Return a new asset of a type."""
    made = Asset(name=name, asset_type=assets.asset_type(session, kind), **columns)
    session.add(made)
    session.flush()
    return made


def add_sensor(session: Session, asset: Asset, name: str, unit: str, resolution: timedelta, **columns: Any) -> Sensor:
    """Return a new sensor of an asset, with days as in Amsterdam."""
    made = Sensor(asset=asset, name=name, unit=unit, resolution=resolution, timezone=ZONE, **columns)
    session.add(made)
    session.flush()
    return made
