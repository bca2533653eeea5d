"""The table of the dashboard: what comes first, what a site does next, and its small line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.assemble.day_costs import DayCost
from app.pages.fleet.attention import Today, next_action, site_rows, sparkline
from app.pages.fleet.dashboard import group_names
from components.tables.fact_table import Light
from db.listing import AssetSummary

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def today(hour: float, *, day: datetime = datetime(2026, 1, 5, tzinfo=AMSTERDAM), hours: int = 24) -> Today:
    start = day.astimezone(UTC)
    return Today(start=start, end=start + timedelta(hours=hours), now=start + timedelta(hours=hour), local=AMSTERDAM)


def site_asset(key: int, name: str, kind: str = "battery") -> AssetSummary:
    return AssetSummary(
        id=key, name=name, type=kind, account="Mill", parent=None, latitude=None, longitude=None, sensors=1
    )


def test_what_is_wrong_comes_first_then_what_has_a_plan_then_by_name():
    states = {1: Light("good", ""), 2: Light("bad", ""), 3: Light("good", ""), 4: Light("none", "")}
    assets = [site_asset(1, "b"), site_asset(2, "z"), site_asset(3, "a"), site_asset(4, "c")]
    days = [DayCost(asset_id=1, cost=1, even=None, currency="EUR", hours=24)]
    assert [row.asset.id for row in site_rows(assets, states, days, {})] == [2, 1, 3, 4]


@pytest.mark.parametrize(
    ("powers", "hour", "told"),
    [
        ([0] * 12 + [4] * 6 + [-3] * 6, 2, "12:00 consume 4 kW"),
        ([0] * 12 + [4] * 6 + [-3] * 6, 13.5, "18:00 deliver 3 kW"),
        ([4] * 12 + [0.01] * 12, 1, "12:00 rest"),
        ([4] * 24, 1, "no change today"),
        ([4] * 12 + [np.nan] * 12, 1, ""),
        ([np.nan] * 24, 1, ""),
        ([], 1, ""),
    ],
)
def test_the_next_action_is_what_the_planned_devices_do_otherwise_than_now(powers: list[float], hour: float, told: str):
    assert next_action(np.array(powers, float), today(hour)) == told


def test_a_day_with_a_clock_change_keeps_its_hours():
    day = datetime(2026, 3, 29, tzinfo=AMSTERDAM)  # 23 hours: at 02:00 it is 03:00
    assert next_action(np.array([0.0] * 11 + [5.0] * 12), today(1, day=day, hours=23)) == "12:00 consume 5 kW"


def test_a_line_breaks_where_nothing_is_known_and_tells_its_range_to_those_who_do_not_see_it():
    html = sparkline(np.array([1.0, 2.0, np.nan, -3.0]), today(12))
    assert html.count("M") == 2 + 2  # two stretches, and the marks of zero and of the present
    assert 'aria-label="Power today, -3 to 2 kW"' in html
    assert sparkline(np.full(4, np.nan), today(12)) == ""


def test_an_asset_stands_below_each_of_its_tags():
    asset = site_asset(7, "x")
    assert group_names(asset, "tag", {7: ["north", "pilot"]}) == ["north", "pilot"]
    assert group_names(asset, "tag", {}) == ["Without a tag"]
    assert group_names(asset, "account", {}) == ["Mill"]
    assert group_names(asset, "", {}) == [""]
