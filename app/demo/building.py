"""The demo site: a house with solar panels, a battery and a charge point, behind one connection."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.demo.toy import HOUR, PLACE, QUARTER, add_asset, add_sensor, operator
from app.usecases.assets import AssetChange, update_asset
from db.accounts.accounts import Account
from db.assets import Asset
from db.sensors import Sensor

NAME = "Canal house"
PEAK_POWER = 6.0
"""Installed solar panels [kWp]."""
CHARGE_POINT = 3.68
"""Power of the charge point, one phase at 16 A [kW]."""
SURCHARGE = 0.148
"""Energy tax and supplier's fee on what is bought, as assumed for the demo [EUR/kWh]."""
SHIFTED = "Real data, shifted by whole weeks to lie around today; origins in app/demo/data/README.md."
CONSUMES = {"consumption_is_positive": True}


def house(session: Session) -> Asset | None:
    """Return the demo's house, None if it is not there yet."""
    return session.scalar(select(Asset).where(Asset.name == NAME))


def build(session: Session, owner: Account) -> dict[str, Sensor]:
    """Add market, house and devices to an account; return the sensors by the name of what they tell."""
    market = add_asset(session, "Day-ahead market NL", "market", account_id=owner.id, description=SHIFTED)
    made = {"day-ahead price": add_sensor(session, market, "day-ahead price", "EUR/MWh", HOUR)}
    made["retail price"] = add_sensor(session, market, "retail price", "EUR/kWh", HOUR)
    home = add_asset(session, NAME, "building", account_id=owner.id, description=SHIFTED, **PLACE)
    made["load"] = add_sensor(session, home, "household load", "kW", HOUR, attributes=CONSUMES)
    made["site"] = add_sensor(session, home, "site power", "kW", QUARTER, attributes=CONSUMES)
    inside = {"account_id": owner.id, "parent_asset_id": home.id, **PLACE}
    panels = add_asset(session, "Solar panels", "solar", attributes={"capacity_in_kw": PEAK_POWER}, **inside)
    made["solar"] = add_sensor(session, panels, "production", "kW", HOUR)
    charger = add_asset(session, "Charge point", "one-way_evse", **inside)
    made["charging"] = add_sensor(session, charger, "charging power", "kW", QUARTER, attributes=CONSUMES)
    battery = add_asset(session, "Home battery", "battery", **inside)
    made["battery"] = add_sensor(session, battery, "battery power", "kW", QUARTER, attributes=CONSUMES)
    made["soc"] = add_sensor(session, battery, "state of charge", "kWh", timedelta(0))
    _describe(session, home, battery, made)
    return made


def _describe(session: Session, home: Asset, battery: Asset, made: dict[str, Sensor]) -> None:
    """Write down the flexibility and what the pages show."""
    flex_context = {
        "consumption-price": {"sensor": made["retail price"].id},
        "production-price": {"sensor": made["day-ahead price"].id},
        "site-power-capacity": "17 kVA",
        "inflexible-device-sensors": [made[name].id for name in ("load", "solar", "charging")],
        "aggregate-power": {"sensor": made["site"].id},
    }
    flex_model = {
        "soc-min": "1 kWh",
        "soc-max": "10 kWh",
        "power-capacity": "5 kW",
        "roundtrip-efficiency": "90 %",
        "consumption": {"sensor": made["battery"].id},
        "state-of-charge": {"sensor": made["soc"].id},
    }
    charts = {
        "Prices": ["retail price"],
        "Load and solar production": ["load", "charging", "solar"],
        "Battery and site": ["battery", "site"],
        "State of charge": ["soc"],
    }
    shown = [{"title": title, "sensors": [made[name].id for name in names]} for title, names in charts.items()]
    actor = operator()
    update_asset(session, actor, home.id, AssetChange(flex_context=flex_context, sensors_to_show=shown))
    update_asset(session, actor, battery.id, AssetChange(flex_model=flex_model, sensors_to_show=shown))


def sensors(session: Session) -> dict[str, Sensor]:
    """Return the demo's sensors by the name of what they tell, as ``build`` did."""
    short = {"household load": "load", "site power": "site", "production": "solar", "charging power": "charging"}
    short |= {"battery power": "battery", "state of charge": "soc"}
    home = house(session)
    owner = home.account_id if home else None
    found = session.scalars(select(Sensor).join(Asset).where(Asset.account_id == owner)) if home else ()
    return {short.get(sensor.name, sensor.name): sensor for sensor in found}
