"""The demo site on real data: a house with solar panels, a battery and a charge point, brought up to now."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.demo import excerpts, toy
from app.demo.toy import HOUR, PLACE, QUARTER, add_asset, add_sensor, operator
from app.jobs.handlers import forecast
from app.jobs.handlers.forecast_request import ForecastRequest
from app.usecases.assets.assets import AssetChange, update_asset
from app.usecases.jobs.schedules import ScheduleOrder, compute_schedule, save_schedule
from db import sources
from db.accounts.accounts import Account
from db.assets import Asset
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import Microseconds, to_us, zone
from engine.series.window import Window

NAME = "Canal house"
PEAK_POWER = 6.0
"""Installed solar panels [kWp]."""
CHARGE_POINT = 3.68
"""Power of the charge point, one phase at 16 A [kW]."""
SURCHARGE = 0.148
"""Energy tax and supplier's fee on what is bought, as assumed for the demo [EUR/kWh]."""
SHIFTED = "Real data, shifted by whole weeks to lie around today; origins in app/demo/data/README.md."
CONSUMES = {"consumption_is_positive": True}
HISTORY, PLAN = timedelta(weeks=52), timedelta(hours=48)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
PUBLISHED = timedelta(hours=13)
"""Time of day, in Amsterdam, at which the prices of the next day are known."""
FORECAST = ("load", "charging", "solar", "day-ahead price", "retail price")
"""Sensors that are forecast for the time of the plan."""


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


def house_sensors(session: Session) -> dict[str, Sensor]:
    """Return the demo's sensors by the name of what they tell, as ``build`` did."""
    short = {"household load": "load", "site power": "site", "production": "solar", "charging power": "charging"}
    short |= {"battery power": "battery", "state of charge": "soc"}
    home = house(session)
    owner = home.account_id if home else None
    found = session.scalars(select(Sensor).join(Asset).where(Asset.account_id == owner)) if home else ()
    return {short.get(sensor.name, sensor.name): sensor for sensor in found}


@dataclass(frozen=True)
class Loaded:
    """What one loading did."""

    asset_id: int
    """The demo's house."""
    stored: int
    """Number of values that were new."""


def load(database: Database, *, now: datetime) -> Loaded:
    """Build the demo if it is not there, add what happened since, and plan the next two days; all or nothing.

    What already exists is compared and left alone, so loading again only adds what is new.

    Args:
        database: With all tables.
        now: The moment of knowledge of forecasts and plan.
    """
    # On the hour, as the hourly data of the excerpts are.
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with database.writing() as session:
        if house(session) is None:
            build(session, toy.account(session))
        sensors = house_sensors(session)
        by = sources.named(session, "Shifted real data", type="demo script")
        # Prices are known up to the midnight of tomorrow, and in the afternoon up to that of the day after
        today = now.astimezone(zone(toy.ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
        published = today + (2 * DAY if now >= today + PUBLISHED else DAY)
        stored = _measured(session, sensors, by, hour) + _prices(session, sensors, by, published)
        # Forecasts for the time of the plan, of prices for what is not published
        references = References(session, None)
        for name in FORECAST:
            start = max(hour, published.astimezone(UTC)) if "price" in name else hour
            ahead, end = hour + PLAN - start, hour + PLAN
            ask = ForecastRequest(
                sensor=sensors[name].id, start=start, end=end, horizon=ahead, frequency=ahead, prior=now
            )
            foreseen = list(forecast.foresee(references, ask, known_at=now))
            stored += sum(cycle.stored for cycle in forecast.save(references, ask, foreseen))
        # The battery is taken as half full where no earlier schedule tells its state of charge
        known = store.read(session, sensors["soc"], BeliefQuery(hour - toy.HOUR, hour + toy.HOUR, known_at=now))
        half = {"asset": sensors["battery"].asset_id, "soc-at-start": "50 %"}
        model = () if len(known) else (half,)
        request = ScheduleRequest(asset=sensors["site"].asset_id, start=hour, duration=PLAN, flex_model=model)
        actor, order = replace(toy.operator(), now=now), ScheduleOrder(request=request)
        save_schedule(session, actor, order, compute_schedule(session, actor, order))
    return Loaded(request.asset, stored)


def _measured(session: Session, sensors: dict[str, Sensor], by: Source, hour: datetime) -> int:
    """Save what the meters of the house have seen in the last year, each value known when its event was over."""
    hours = Window(hour - HISTORY, hour, toy.HOUR)
    quarters = Window(hour - HISTORY, hour, toy.QUARTER)
    load = excerpts.hourly("home_electricity_belgium_2016.csv.gz", hours) / 1000
    solar = excerpts.hourly("pv_rooftop_turin_2019.csv.gz", hours) * PEAK_POWER
    charging = excerpts.charging(quarters, power=CHARGE_POINT)
    return sum(
        _save(session, sensors[name], by, window.starts, values, window.starts + window.step_us)
        for name, window, values in (("load", hours, load), ("solar", hours, solar), ("charging", quarters, charging))
    )


def _prices(session: Session, sensors: dict[str, Sensor], by: Source, published: datetime) -> int:
    """Save the prices that are published by now, each known since the afternoon before its day."""
    days = [published + timedelta(days=back) for back in range(-HISTORY.days, 0)]
    hours = [Window(day, day + DAY, toy.HOUR).starts for day in days]  # 23 to 25 of them: days on the clock
    known_at = np.repeat([to_us(day - DAY + PUBLISHED) for day in days], [len(day) for day in hours])
    whole = Window(days[0], published, toy.HOUR)
    price = excerpts.hourly("day_ahead_price_netherlands_2023.csv.gz", whole)
    retail = price / 1000 + SURCHARGE
    return sum(
        _save(session, sensors[name], by, whole.starts, values, known_at)
        for name, values in (("day-ahead price", price), ("retail price", retail))
    )


def _save(
    session: Session,
    sensor: Sensor,
    by: Source,
    events: Microseconds,
    values: NDArray[np.float64],
    known_at: Microseconds,
) -> int:
    return store.write(session, sensor, by, events=events, values=values.round(5), known_at=known_at).stored
