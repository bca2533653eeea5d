"""Any resolution, any start, any day: the same physics."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.iso_time import zone
from engine.series.window import Window
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.samples import site, store

AMSTERDAM = zone("Europe/Amsterdam")


def day(date, minutes):
    start = datetime.fromisoformat(date).replace(tzinfo=AMSTERDAM)
    end = (start + timedelta(days=1)).astimezone(zone("UTC"))
    return Window(start, end, timedelta(minutes=minutes))


def filled(window):
    """Charge 20 kWh at any price, in a window of any kind."""
    wanted = np.full(window.n + 1, np.nan)
    wanted[-1] = 22.0
    buy = 0.2 + 0.1 * np.sin(np.floor(np.arange(window.n) * window.hours) / 4)
    here = site(store(soc_targets=wanted), window=window, load=np.full(window.n, 2.0), buy=buy, sell=buy - 0.05)
    schedule = StorageScheduler().compute(here)
    assert check(here, schedule) == pytest.approx(schedule.cost, abs=1e-6)
    return schedule


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-06-01", 24), ("2026-10-25", 25)])
@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_every_day_has_all_its_hours(date, hours, minutes):
    schedule = filled(day(date, minutes))
    assert schedule.window.n == hours * 60 // minutes
    energy = schedule.power["electricity"].sum() * schedule.window.hours
    assert energy == pytest.approx(2.0 * hours + 20.0)


@pytest.mark.parametrize(("minutes", "shift"), [(15, 7), (60, 25), (7, 0), (45, 10)])
def test_steps_need_not_lie_on_the_hour(minutes, shift):
    window = Window.of_length(
        datetime(2026, 6, 1, 0, shift, tzinfo=AMSTERDAM), timedelta(minutes=minutes * 60), timedelta(minutes=minutes)
    )
    assert filled(window).soc["car"][-1] == pytest.approx(22.0)


def test_finer_steps_cost_the_same_at_hourly_prices():
    # Five whole hours are needed, and five hours are cheapest.
    assert filled(day("2026-06-01", 15)).cost == pytest.approx(filled(day("2026-06-01", 60)).cost)
