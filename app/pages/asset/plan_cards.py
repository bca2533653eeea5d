"""The latest schedule of an asset as cards: what it costs, buys, sells and peaks at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from components.tables.kpis import Kpi, Kpis
from db import schedules, sensors
from db.schedules import ROLES, SOC, StoredSchedule
from db.sources import Source
from engine.iso_time import zone

BEFORE_ROWS = (
    "The schedule of this asset was computed by an earlier version, which did not keep its costs and energies. "
    "Run a new one on the tab Plan to see them."
)
"""Of an asset whose schedules are older than the table of schedules."""


@dataclass(frozen=True, kw_only=True)
class LatestSchedule:
    """The schedule that was last computed for the power of an asset."""

    row: StoredSchedule
    numbers: dict[str, float]
    """Of the power of the asset, see ``ScheduleOutput.numbers``; without prices, if not all may be read."""
    costs: dict[str, float]
    """Cost by name [currency]; none of a device inside a larger site, as they are those of the site."""
    scheduler: str
    """Name, model and version for people."""


def latest_schedule(session: Session, who: SignedIn, asset_id: int, *, as_of: datetime) -> LatestSchedule | None:
    """Return the schedule last computed for the power of an asset; None if there is none."""
    powers = [role for role in ROLES if role != SOC]
    row = schedules.newest_with_outputs(session, [asset_id], as_of=as_of, roles=powers)
    if row is None:
        return None
    own = {sensor.id for sensor in sensors.of_asset(session, asset_id)}
    outputs = [output for output in row.outputs if output.sensor_id in own and output.role in powers]
    numbers = dict(min(outputs, key=lambda output: powers.index(output.role)).numbers)
    if set(References(session, who).readable(row.input_sensors)) != set(row.input_sensors):
        numbers = {name: value for name, value in numbers.items() if not name.endswith("-price")}
    source = session.get(Source, row.source_id) if row.source_id else None
    return LatestSchedule(
        row=row,
        numbers=numbers,
        costs=row.costs if row.asset_id == asset_id else {},
        scheduler=source.description if source else row.scheduler,
    )


def cards(latest: LatestSchedule, timezone: str) -> Kpis:
    """Return the cards of a schedule, with times in a zone."""
    row, local = latest.row, zone(timezone)
    span = f"{_moment(row.start, local)} to {_moment(row.end, local)}"
    title = f"Latest schedule: {span}, computed {_moment(row.belief_time, local)} by {latest.scheduler} ({local})"
    return Kpis(title=title, items=[*_money(latest), *_energy(latest)])


def _moment(moment: datetime, local: ZoneInfo) -> str:
    return f"{moment.astimezone(local):%a %-d %b %H:%M}"


def cost_cards(costs: dict[str, float], currency: str) -> list[Kpi]:
    """Return a card for each cost and, if there are several, their sum."""
    every = {name.replace("-", " ").capitalize(): cost for name, cost in costs.items()}
    every |= {"Total cost": sum(costs.values())} if len(costs) > 1 else {}
    return [Kpi(name, f"{cost:,.2f} {currency}".strip()) for name, cost in every.items()]


def breach_text(breaches: list[dict[str, Any]], local: ZoneInfo) -> str:
    """Return the limits that are not met, one sentence each."""
    told = []
    for breach in breaches:
        first, last = (_moment(datetime.fromisoformat(breach[name]), local) for name in ("first", "last"))
        when = f"at {first}" if breach["count"] == 1 else f"{breach['count']} times from {first} to {last}"
        told.append(f"{breach['limit']} is missed by up to {breach['largest']:,.4g} {breach['unit']}, {when}.")
    return " ".join(told)


def _money(latest: LatestSchedule) -> list[Kpi]:
    numbers, currency = latest.numbers, latest.row.currency
    shown = []
    if latest.costs:
        detail = ", ".join(f"{name} {cost:,.2f}" for name, cost in latest.costs.items())
        shown.append(Kpi("Cost", f"{sum(latest.costs.values()):,.2f} {currency}", detail))
    if "paid-price" in numbers:
        mean = f"mean over the schedule: {numbers['mean-price']:.3f}"
        shown.append(Kpi("Average price paid", f"{numbers['paid-price']:.3f} {currency}/kWh", mean))
    return shown


def _energy(latest: LatestSchedule) -> list[Kpi]:
    minutes = latest.row.step.total_seconds() / 60
    return [
        Kpi("Imported energy", f"{latest.numbers['consumed']:,.1f} kWh"),
        Kpi("Exported energy", f"{latest.numbers['produced']:,.1f} kWh"),
        Kpi("Peak import power", f"{latest.numbers['peak']:,.2f} kW", f"mean of {minutes:g} minutes"),
    ]
