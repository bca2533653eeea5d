"""The latest schedule of an asset as cards: cost, average price, energy bought and sold, peak power."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.access.job_access import reads_inputs
from app.auth.access.references import References
from components.tables.kpis import Kpi, Kpis
from db import schedules, sensors
from db.schedules import ROLES, SOC, StoredSchedule
from db.sources import Source
from engine.series.iso_time import zone

BEFORE_ROWS = (
    "The schedule of this asset was computed by an earlier version of Flexscope, which did not store costs and "
    "energies. To see them, run a new schedule on the Plan tab."
)
"""Of an asset whose schedules are older than the table of schedules."""


@dataclass(frozen=True, kw_only=True)
class LatestSchedule:
    """The schedule last computed for the power of an asset."""

    row: StoredSchedule
    numbers: dict[str, float]
    """Numbers of the power of the asset, see ``ScheduleOutput.numbers``; no prices that the user may not read."""
    costs: dict[str, float]
    """Cost by name [currency]; empty for a device inside a larger site, as the costs are those of the site."""
    scheduler: str
    """Name, model and version for people."""


def latest_schedule(session: Session, principal: SignedIn, asset_id: int, *, as_of: datetime) -> LatestSchedule | None:
    """Schedule last computed for the power of an asset; None if there is none."""
    powers = [role for role in ROLES if role != SOC]
    row = schedules.newest_with_outputs(session, [asset_id], as_of=as_of, roles=powers)
    if row is None:
        return None
    own = {sensor.id for sensor in sensors.of_asset(session, asset_id)}
    outputs = [output for output in row.outputs if output.sensor_id in own and output.role in powers]
    numbers = dict(min(outputs, key=lambda output: powers.index(output.role)).numbers)
    if not reads_inputs(References(session, principal), row):
        numbers = {name: value for name, value in numbers.items() if not name.endswith("-price")}
    source = session.get(Source, row.source_id) if row.source_id else None
    return LatestSchedule(
        row=row,
        numbers=numbers,
        costs=row.costs if row.asset_id == asset_id else {},
        scheduler=source.description if source else row.scheduler,
    )


def schedule_cards(latest: LatestSchedule, timezone: str) -> Kpis:
    """Cards of a schedule, with times in a time zone."""
    row, numbers, local = latest.row, latest.numbers, zone(timezone)
    span = f"{_moment(row.start, local)} to {_moment(row.end, local)}"
    title = f"Latest schedule: {span}, computed {_moment(row.belief_time, local)} by {latest.scheduler} ({local})"
    items = []
    if latest.costs:
        detail = ", ".join(f"{name} {cost:,.2f}" for name, cost in latest.costs.items())
        items.append(Kpi("Cost", f"{sum(latest.costs.values()):,.2f} {row.currency}", detail))
    if "paid-price" in numbers:
        mean = f"mean over the schedule: {numbers['mean-price']:.3f}"
        items.append(Kpi("Average price paid", f"{numbers['paid-price']:.3f} {row.currency}/kWh", mean))
    minutes = row.step.total_seconds() / 60
    items += [
        Kpi("Imported energy", f"{numbers['consumed']:,.1f} kWh"),
        Kpi("Exported energy", f"{numbers['produced']:,.1f} kWh"),
        Kpi("Peak import power", f"{numbers['peak']:,.2f} kW", f"highest mean of {minutes:g} minutes"),
    ]
    emitted = [each["emissions"] for each in row.connections if "emissions" in each]
    if latest.costs and emitted:
        items.append(Kpi("CO₂", f"{sum(emitted):,.1f} kg", "emitted for energy of the grid"))
    return Kpis(title=title, items=items)


def _moment(moment: datetime, local: ZoneInfo) -> str:
    return f"{moment.astimezone(local):%a %-d %b %H:%M}"


def cost_cards(costs: dict[str, float], currency: str) -> list[Kpi]:
    """One card for each cost and, if there are several, their sum."""
    every = {name.replace("-", " ").capitalize(): cost for name, cost in costs.items()}
    every |= {"Total cost": sum(costs.values())} if len(costs) > 1 else {}
    return [Kpi(name, f"{cost:,.2f} {currency}".strip()) for name, cost in every.items()]


def breach_text(breaches: list[dict[str, Any]], local: ZoneInfo) -> str:
    """Limits that a schedule does not keep, one sentence each."""
    sentences = []
    for breach in breaches:
        first, last = (_moment(datetime.fromisoformat(breach[name]), local) for name in ("first", "last"))
        when = f"at {first}" if breach["count"] == 1 else f"{breach['count']} times from {first} to {last}"
        sentences.append(f"{breach['limit']} is missed by up to {breach['largest']:,.4g} {breach['unit']}, {when}.")
    return " ".join(sentences)
