"""What other sizes, limits or prices would have come to over the last year, by the history of a site itself."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import Assembled, read_description, read_site
from app.auth.access.references import References
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.errors import EngineError, InputError
from engine.explain.changes.edits import PriceEdit, SiteEdits
from engine.flex.process import ProcessModel
from engine.flex.quantity import Fixed
from engine.flex.storage import StorageModel
from engine.series.iso_time import from_us
from engine.simulation.knowledge import LOOKS_BACK, PastKnowledge
from engine.simulation.rolling import RollingRules, simulate
from engine.simulation.year import YearFigures, full_days, payback, year_figures
from engine.site import Site

BASE = "As it is"
DAY = timedelta(days=1)
FEWEST = 14
"""Fewest full days of which anything is told."""
LIMITS = WindowLimits(most_steps=110_000, most_device_steps=3_000_000)
"""Of a year: 105,120 steps of five minutes."""


class YearScenario(BaseModel):
    """What differs in one scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    flex_model: tuple[dict[str, Any], ...] = ()
    flex_context: dict[str, Any] = {}
    price_factor: float = 1.0
    price_more: float = 0.0
    """What is added to prices of energy then [currency/kWh]."""
    loads: dict[str, float] = {}
    investment: float = 0.0
    """What it costs more than the site as it is [currency]."""


class PastYearRequest(BaseModel):
    """Scenarios to be compared over a past time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: int
    start: AwareDatetime
    end: AwareDatetime
    scenarios: tuple[YearScenario, ...]
    flex_model: tuple[dict[str, Any], ...] = ()
    """Fields that all of them share, in the place of those stored on assets."""
    flex_context: dict[str, Any] = {}


def compute(
    references: References, request: PastYearRequest, *, known_at: datetime, tell: Callable[[float], None]
) -> dict[str, Any]:
    """Figures of the site as it is and of each scenario, over the full days of a time.

    Args:
        references: Of the one who asks.
        request: Site, time and scenarios.
        known_at: As of when values of that time are read.
        tell: Takes how far it is, from 0 to 1.

    Raises:
        InputError: The site cannot be simulated, or there are too few full days.
        NotAllowed: A field names what is not the principal's to use.
    """
    references.asset(request.asset, field="asset", action="create-children")
    reading = References(references.session, references.principal, saves=False)
    scenarios = (YearScenario(name=BASE), *request.scenarios)
    found: list[tuple[YearScenario, YearFigures | None, str]] = []
    days: list[Any] = []
    currency = ""
    for number, scenario in enumerate(scenarios):
        assembled = read_past_site(reading, request, scenario, known_at=known_at)
        currency = assembled.currency
        if not number:
            days = known_days(reading, assembled, request, known_at=known_at)
        rules = RollingRules(knowledge=PastKnowledge(zone=assembled.place))
        site = edited(assembled.site, scenario)
        first = int(LOOKS_BACK * DAY / site.window.step)

        def tell_share(share: float, number: int = number) -> None:
            tell((number + share) / len(scenarios))

        try:
            done = simulate(site, rules, first=first, tell=tell_share)
            found.append((scenario, year_figures(done, days, assembled.place), ""))
        except EngineError as error:
            if not number:
                raise
            found.append((scenario, None, str(error)))  # one that has no plan does not stop the others
    return result_of(found, days, currency)


def read_past_site(
    references: References, request: PastYearRequest, scenario: YearScenario, *, known_at: datetime
) -> Assembled:
    """The site of a scenario over all of the time, a week before it included, from which loads are expected."""
    asked = request_of(request, scenario)
    described = read_description(references, asked, LIMITS)
    entries = tuple(begun(device, model) for device, model in described.entries)
    return read_site(references, asked.model_copy(update={"flex_model": entries}), known_at=known_at, limits=LIMITS)


def request_of(request: PastYearRequest, scenario: YearScenario) -> ScheduleRequest:
    """Request for a schedule of all of the time, a week before it included."""
    entries = [dict(entry) for entry in request.flex_model]
    for entry in scenario.flex_model:
        alike = [
            known for known in entries if any(known.get(name) == entry.get(name, "") for name in ("sensor", "asset"))
        ]
        if alike:
            alike[0].update(entry)
        else:
            entries.append(dict(entry))
    return ScheduleRequest(
        asset=request.asset,
        start=request.start - LOOKS_BACK * DAY,
        duration=request.end - request.start + LOOKS_BACK * DAY,
        flex_model=tuple(entries),
        flex_context={**request.flex_context, **scenario.flex_context},
    )


def begun(device: DeviceModel, model: StorageModel | ProcessModel) -> dict[str, Any]:
    """Entry of a device in full; a store begins half full, as nobody knows what it held a year ago."""
    entry = dict(device.effective.fields)
    if "sensor" not in entry and device.asset is not None:
        entry["asset"] = device.asset.id
    if isinstance(model, StorageModel) and model.stores and model.thermal_capacity is None:
        entry["soc-at-start"] = "50%" if isinstance(model.soc_max, Fixed) else "0 kWh"
    return entry


def edited(site: Site, scenario: YearScenario) -> Site:
    """The site with other prices and loads, its stores within their bounds at the start."""
    price = PriceEdit(factor=scenario.price_factor, more=scenario.price_more)
    loads = {name: factor for name, factor in scenario.loads.items() if factor != 1.0}
    site = SiteEdits(prices=(price,), loads=loads).on(site)
    stored = {}
    for device in site.devices:
        if bounds := device.energy_bounds:
            low, high, start = (
                float(np.atleast_1d(bounds[name])[0]) for name in ("soc-min", "soc-max", "soc-at-start")
            )
            stored[device.name] = min(max(start, low), high)
    return SiteEdits(stored=stored).on(site)


def known_days(
    references: References, assembled: Assembled, request: PastYearRequest, *, known_at: datetime
) -> list[Any]:
    """Local days in which every price and load has values throughout.

    Raises:
        InputError: There are too few of them.
    """
    described = assembled.described
    models = [described.context, *(entry for _, entry in described.entries)]
    named = [
        each for model in models for each in model.references() if each.reads and each.fact.kind in ("price", "load")
    ]
    keys = {each.key: each.path for each in named if each.target == "sensor"}
    local = request.start.astimezone(assembled.place)
    begins = [local.replace(hour=0, minute=0, second=0, microsecond=0)]
    while begins[-1] + DAY <= request.end.astimezone(assembled.place):
        begins.append(begins[-1] + DAY)
    lacking = []
    for key, path in keys.items():
        sensor = references.sensor(key, field=path)
        lacking += list(gaps(references, sensor, request.start, request.end, known_at))
    days = full_days(begins, lacking)
    if len(days) < FEWEST:
        names = ", ".join(keys.values()) or "prices and loads"
        raise InputError(
            f"Only {len(days)} full days are known of {names}; a comparison needs {FEWEST}. Upload their history first."
        )
    return days


def gaps(
    references: References, sensor: Sensor, start: datetime, end: datetime, known_at: datetime
) -> list[tuple[datetime, datetime]]:
    """Times in which a sensor has no value."""
    query = BeliefQuery(start - sensor.resolution, end, known_at=known_at)
    known = store.read(references.session, sensor, query)
    step = int(sensor.resolution / timedelta(microseconds=1))
    if not len(known) or not step:
        return [(start, end)] if not len(known) else []
    edges = np.concatenate([known.events[:1], known.events[1:][np.diff(known.events) > step]])
    holes = [(from_us(known.events[at] + step), from_us(known.events[at + 1]))
             for at in np.flatnonzero(np.diff(known.events) > step)]  # fmt: skip
    return [(start, from_us(edges[0])), *holes, (from_us(known.events[-1] + step), end)]


def result_of(
    found: list[tuple[YearScenario, YearFigures | None, str]], days: list[Any], currency: str
) -> dict[str, Any]:
    """Result of the job as plain data."""
    base = found[0][1]
    rows: list[Mapping[str, Any]] = []
    for scenario, figures, problem in found:
        row: dict[str, Any] = {"name": scenario.name, "problem": problem, "investment": scenario.investment}
        if figures is not None and base is not None:
            paid = payback(base, figures, scenario.investment) if scenario.investment else None
            row |= {
                "cost": figures.cost,
                "cost-per-year": figures.cost_per_year,
                "saved-by-stores": figures.saving,
                "saved-per-year": base.cost_per_year - figures.cost_per_year,
                "cycles": dict(figures.cycles),
                "payback-years": paid,
                "plans": figures.plans,
            }
        rows.append(row)
    span = {"first-day": days[0].isoformat(), "last-day": days[-1].isoformat(), "full-days": len(days)}
    return {"scenarios": rows, "currency": currency, **span}
