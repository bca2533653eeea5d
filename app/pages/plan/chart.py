"""A schedule as a chart and as a table: its lines as they were saved, limits, prices and values it was made from."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from app.assemble.schedule_lines import output_lines, readable_outputs, schedule_table
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments.tables import row_table
from app.fragments.threads import actor_of
from app.fragments.visit import Visit, address
from app.pages.charts import graphs
from app.pages.plan.content import PlanContent, plan_address, read_plan
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.widgets.async_content import note
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.traces import Trace
from components.tables.fact_table import Cell
from db import assets, listing
from db.schedules import CONNECTION, SOC, ScheduleOutput, StoredSchedule
from engine.errors import EngineError
from engine.model.linear import Values, full
from engine.series.iso_time import to_us
from engine.tariffs import energy_prices
from engine.units import units


@dataclass(kw_only=True)
class PlanLines:
    """Lines of the chart of a schedule; powers are positive when consuming."""

    content: PlanContent
    prices: list[Trace] = field(default_factory=list)
    devices: list[Trace] = field(default_factory=list)
    connection: list[Trace] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    worth: list[Trace] = field(default_factory=list)
    before: list[Trace] = field(default_factory=list)
    limit: float | None = None
    """Connection limit that holds all the time [unit of connection]."""


def part(page: Shell, asset_id: int) -> Part:
    """The tab's chart."""
    arguments = {name: text for name in ("schedule",) if (text := query(name))}

    def read(session: Session, principal: SignedIn) -> PlanLines:
        visit = Visit(principal=principal, path="", route={"id": str(asset_id)}, query=arguments)
        return read_lines(read_plan(visit, session, principal), session, principal)

    return Part("plan", "Plan", read, partial(show_lines, page))


def read_lines(content: PlanContent, session: Session, principal: SignedIn) -> PlanLines:
    """Lines of a schedule that the user may read."""
    lines, row = PlanLines(content=content), content.row
    if row is None:
        return lines
    tree = {each.id for each in assets.subtree(session, content.asset.id) if access.may(principal, "read", each)}
    references = References(session, principal)
    for output, sensor in readable_outputs(references, row):
        if sensor.asset_id in tree:
            add_lines(lines, output, output_lines(session, sensor, output, row), sensor.unit)
    if content.before is not None:
        span = (row.start, row.end)
        for output, sensor in readable_outputs(references, content.before):
            if sensor.asset_id in tree:
                lines.before += output_lines(session, sensor, output, content.before, span)
    try:
        if content.reads_inputs:
            add_inputs(lines, open_site(session, actor_of(principal), row.id))
    except EngineError:  # the figures say why it cannot be explained
        lines.prices.clear()
    lines.prices = lines.prices or price_lines(references, row)
    limit = row.connection("electricity").get("consumption-limit")
    if limit is not None and lines.connection:
        lines.limit = float(units.convert(limit, "kW", lines.connection[0].unit))
    return lines


def add_lines(lines: PlanLines, output: ScheduleOutput, own: list[Trace], unit: str) -> None:
    """Add the lines of a sensor to those of its role: connection, stored energy or power of a device."""
    if output.role == CONNECTION:
        lines.connection += own
    elif output.role == SOC:
        low, high = (output.numbers.get(name) for name in ("soc-min", "soc-max"))
        bounds = None
        if low is not None and high is not None and unit != "%":
            bounds = (float(units.convert(low, "kWh", unit)), float(units.convert(high, "kWh", unit)))
        lines.stores += [Store(line, bounds, output.device) for line in own]
    else:
        lines.devices += own


def price_lines(references: References, row: StoredSchedule) -> list[Trace]:
    """Prices of a schedule as they were known to it, in one unit; without those that the user may not read."""
    connection = row.connection("electricity")
    prices = [connection.get(name) for name in ("consumption-price", "production-price")]
    price_sensors = [price["sensor"] for price in prices if isinstance(price, dict) and "sensor" in price]
    lines: list[Trace] = []
    for sensor in references.readable(price_sensors).values():
        span = graphs.ChartSpan(row.start - sensor.resolution, row.end, known_at=row.belief_time)
        known = graphs.read_by_source(references.session, sensor, span)
        lines += lines_of(sensor, known, listing.sources(references.session, known))
    return [line.converted(lines[0].unit) for line in lines]


def add_inputs(lines: PlanLines, stored: StoredSite) -> None:
    """Add prices of energy as they were counted, limits that change with time, and what stored energy is worth."""
    site, window = stored.site, stored.site.window
    per_energy = f"{stored.currency}/kWh"

    def line(label: str, values: Values, unit: str, quantity: str, source_type: str) -> Trace:
        slots, step = window.slots, window.slots.step
        on_slots = window.on_slots(full(values, window.n))
        return Trace(
            label=label, unit=unit, events=slots.starts, values=on_slots, step=step, quantity=quantity,
            source_type=source_type,
        )  # fmt: skip

    for connection in site.connections:
        both = energy_prices(connection.tariffs, window.n)
        if both is None:
            continue
        name = "" if connection.commodity == "electricity" else f"{connection.commodity} "
        lines.prices.append(line(f"{name}bought", both[0], per_energy, "price", "schedule input"))
        if not np.array_equal(*both):
            lines.prices.append(line(f"{name}sold", both[1], per_energy, "price", "schedule input"))
    electricity = [each for each in site.connections if each.commodity == "electricity"]
    for limit in (each.consumption_limit for each in electricity if lines.connection):
        if isinstance(limit, np.ndarray) and np.ptp(limit) > 0 and np.isfinite(limit).all():
            lines.connection.append(line("limit", limit, "kW", "other", "flex-config"))
    shown = {store.device for store in lines.stores}
    for device, values in stored.schedule.storage_values.items():
        if device in shown:
            lines.worth.append(line(device, values, per_energy, "price", "scheduler"))


def show_lines(page: Shell, lines: PlanLines) -> list[object]:
    """The chart; nothing without a schedule, as the page says what to do."""
    if lines.content.row is None:
        return []
    if not (lines.devices or lines.connection or lines.stores):
        return [note("You may not see any of the sensors that this schedule was written to.", "info")]
    chart = ScheduleChart(
        prices=lines.prices,
        background=lines.prices[0] if lines.prices else None,
        devices=lines.devices,
        connection=lines.connection,
        limit=lines.limit,
        stores=lines.stores,
        worth=lines.worth,
        before=lines.before,
        zone=str(lines.content.local),
        now=to_us(lines.content.now),
    )
    page.follow(chart)
    return [chart]


def table_section(visit: Visit, content: PlanContent) -> Markup:
    """Heading of the table, which is read once somebody opens it, and a link to its file."""
    if content.row is None:
        return Markup("")
    file = address(f"/api/v3_0/schedules/{content.row.id}/file?format=xlsx")
    return Markup(
        '<details class="section" hx-get="{}" hx-trigger="toggle once" hx-target="find .room-below">'
        "<summary><h3>Table of the schedule</h3></summary>"
        '<p><a class="plain" href="{}" download>Excel</a></p><div class="room-below"></div></details>'
    ).format(plan_address(visit, part="plan-table"), file)


def read_table(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """The table."""
    content = read_plan(visit, session, principal)
    if content.row is None:
        return Markup("")
    lines = read_lines(content, session, principal)
    shown = [*lines.prices, *lines.connection, *lines.devices, *(store.soc for store in lines.stores)]
    table = schedule_table(content.row, shown)
    rows: list[list[Cell | int]] = [
        [
            f"{start.astimezone(content.local):%Y-%m-%d %H:%M}",
            *("" if value != value else f"{value:.4g}" for value in values),
        ]
        for start, values in zip(table.starts, table.values.tolist(), strict=True)
    ]
    return row_table([f"Start ({content.local})", *table.columns], rows, file=f"schedule-{content.row.id}.csv")
