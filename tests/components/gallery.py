"""One example of every component."""

import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import panel as pn

import components
from components.analysis.analysis import SensorAnalysis
from components.charts.bars import Bars
from components.charts.distribution import Distribution
from components.charts.heatmap import Heatmap
from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.time_series import TimeSeries
from components.component import Component
from components.maps.asset_map import AssetMap, MapPlace
from components.maps.place_picker import PlacePicker
from components.replay.replay import History, Replay, ReplayedChart
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.assets import AssetCards, AssetTree, Card, Node
from components.tables.fact_table import FactTable, Light
from components.tables.kpis import Kpi, Kpis
from components.tables.row_table import RowTable
from components.what_if.comparison import ComparedPlan, PlanComparison
from components.what_if.sliders import ScenarioSliders
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import NET_ENERGY, EnergyTariff
from tests.components.samples import QUARTER_US, chart, trace

DAY = np.sin(np.arange(192) / 96 * 2 * np.pi)
HOUSE = {"name": "House", "kind": "building", "href": "#"}


def replay() -> Replay:
    """Return a replay of a line that is believed twice."""
    once = trace(np.repeat(DAY, 2))
    events = np.repeat(once.events[:192], 2)
    known = events - np.tile([8, 4], 192) * QUARTER_US
    every = trace(np.repeat(DAY, 2) + np.tile([1, 0], 192), label="Load")
    object.__setattr__(every, "events", events)
    object.__setattr__(every, "known", known)
    return Replay(charts=[ReplayedChart("Load", [History(every=every)])])


def house_site() -> Site:
    """Return a house with a battery over four hours."""
    port = Port(name="House battery", consumption_limit=1.0, production_limit=1.0)
    store = Storage(name="House battery", ports=(port,), soc_at_start=0.0, soc_max=2.0)
    price = np.array([0.1, 0.3, 0.1, 0.4])
    tariff = EnergyTariff(name=NET_ENERGY, consumption_price=price, production_price=price)
    window = Window.of_length(datetime(2026, 3, 4, tzinfo=UTC), timedelta(hours=4), timedelta(hours=1))
    return Site(window=window, devices=(store,), connections=(Connection(tariffs=(tariff,)),))


def comparison() -> PlanComparison:
    """Return a plan beside itself."""
    site = house_site()
    plan = ComparedPlan(site=site, schedule=StorageScheduler().compute(site))
    return PlanComparison(before=plan, after=plan)


EXAMPLES: dict[str, Callable[[], Component | RowTable]] = {
    "TimeSeries": lambda: TimeSeries(charts=[chart(trace(DAY), trace(-DAY, source_type="scheduler"))]),
    "ScheduleChart": lambda: ScheduleChart(devices=[trace(DAY)], stores=[Store(trace(DAY + 2, unit="kWh"), (0, 4))]),
    "Bars": lambda: Bars(trace=trace(DAY)),
    "Heatmap": lambda: Heatmap(trace=trace(DAY)),
    "Distribution": lambda: Distribution(trace=trace(DAY)),
    "SensorAnalysis": lambda: SensorAnalysis(trace=trace(DAY)),
    "Replay": replay,
    "AssetMap": lambda: AssetMap(places=[MapPlace(**HOUSE, owner="Toy", latitude=52.4, longitude=4.9)]),
    "PlacePicker": lambda: PlacePicker(latitude=52.4, longitude=4.9),
    "AssetCards": lambda: AssetCards(cards=[Card(**HOUSE, state=Light("good", "data fresh"))]),
    "AssetTree": lambda: AssetTree(root=Node(**HOUSE)),
    "Kpis": lambda: Kpis(items=[Kpi("House", "1.23 EUR", "today")]),
    "FactTable": lambda: FactTable(columns=["Name"], rows=[["House"]]),
    "ActionTable": lambda: ActionTable(
        columns=["Name"], rows=[ActionRow("1", ["House"], "House", [Action("go", "Go")])]
    ),
    "PlanComparison": comparison,
    "ScenarioSliders": lambda: ScenarioSliders(site=house_site()),
    "RowTable": lambda: RowTable(columns=["Name"], rows=[["House"]]),
}
"""Name of each component → what makes an example of it."""
DRAWN_ON = (
    "TimeSeries", "ScheduleChart", "Bars", "Heatmap", "Distribution", "SensorAnalysis", "Replay", "AssetMap",
    "PlacePicker",
)  # fmt: skip
"""Those that are drawn on a canvas; the others are text with the word House."""


def names() -> set[str]:
    """Return the names of all components there are."""
    found = set()
    for found_at in pkgutil.walk_packages(components.__path__, "components."):
        module = import_module(found_at.name)
        kinds = [
            kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__
        ]
        found |= {kind.__name__ for kind in kinds if issubclass(kind, pn.viewable.Viewer | pn.custom.JSComponent)}
    return found - {"Component", "HtmlComponent", "TraceView", "BrowserTable"}  # three bases, and a part of ActionTable
