"""Values over other steps: energy is kept for any pair of resolutions, and each rule does what it says."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UnitError
from engine.series.event_series import EventSeries, Rule
from engine.series.iso_time import to_us

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTES = st.sampled_from([1, 5, 7, 10, 15, 20, 30, 60, 90, 1440])
OFFSETS = st.integers(-100, 100)


@st.composite
def series(draw: st.DrawFn, unit: str) -> EventSeries:
    """Events of one length at any place, some of them missing."""
    minutes = draw(MINUTES)
    count = draw(st.integers(1, 30))
    kept = np.flatnonzero(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    events = (draw(OFFSETS) + kept * minutes) * MINUTE_US
    values = draw(st.lists(st.floats(-1e6, 1e6), min_size=len(kept), max_size=len(kept)))
    return EventSeries(events, np.array(values, float), timedelta(minutes=minutes), unit)


def ticks(minutes: int, offset: int = 0, end: int = 44_000) -> np.ndarray:
    """Bounds of steps that cover all that is drawn."""
    return np.arange(offset - 10 * 1440, end + 1440 + minutes, minutes) * MINUTE_US


def minutely(own: EventSeries, bounds: np.ndarray) -> list[np.ndarray]:
    """Return the values of the minutes of each step, the slow and plain way."""
    lasts = own.step // timedelta(minutes=1)
    by_minute = {
        begin // MINUTE_US + minute: value
        for begin, value in zip(own.events.tolist(), own.values.tolist(), strict=True)
        for minute in range(lasts)
    }
    steps = [range(*pair) for pair in pairwise((bounds // MINUTE_US).tolist())]
    return [np.array([by_minute[minute] for minute in step if minute in by_minute]) for step in steps]


@given(own=series("kWh"), minutes=MINUTES, offset=OFFSETS)
def test_energy_is_kept_by_any_pair_of_resolutions(own: EventSeries, minutes: int, offset: int) -> None:
    bounds = ticks(minutes, offset)
    energy, power = own.over(bounds), own.over(bounds, "kW")
    assert np.nansum(energy) == pytest.approx(own.values.sum(), rel=1e-9, abs=1e-3)
    hours = own.known_share(bounds) * minutes / 60
    assert np.nansum(power * hours) == pytest.approx(own.values.sum(), rel=1e-9, abs=1e-3)


@given(own=series("kW"), minutes=MINUTES, offset=OFFSETS)
def test_power_keeps_its_energy(own: EventSeries, minutes: int, offset: int) -> None:
    bounds = ticks(minutes, offset)
    energy = own.values.sum() * own.step / timedelta(hours=1)
    assert np.nansum(own.over(bounds, "MWh")) * 1000 == pytest.approx(energy, rel=1e-9, abs=1e-3)
    spent = own.known_share(bounds) * minutes / 60
    assert np.nansum(own.over(bounds) * spent) == pytest.approx(energy, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-03-28", 24), ("2026-10-25", 25)])
def test_a_single_day_is_shared_out_over_its_own_hours(day: str, hours: int) -> None:
    start = to_us(datetime.fromisoformat(day).replace(tzinfo=AMSTERDAM))
    own = EventSeries(np.array([start]), np.array([float(hours)]), timedelta(days=1), "kWh", AMSTERDAM)
    assert own.over(start + np.arange(hours + 1) * HOUR_US).tolist() == pytest.approx([1.0] * hours)


@given(own=series("kW"), minutes=st.sampled_from([5, 7, 15, 60]), offset=OFFSETS)
def test_each_rule_is_that_of_the_minutes_of_a_step(own: EventSeries, minutes: int, offset: int) -> None:
    bounds = np.arange(offset, offset + 500, minutes) * MINUTE_US
    parts = minutely(own, bounds)
    rules: dict[Rule, np.ufunc | None] = {"least": np.minimum, "most": np.maximum, "mean": None}
    for rule, extreme in rules.items():
        plain = [
            np.nan if not len(part) else part.mean() if extreme is None else extreme.reduce(part) for part in parts
        ]
        np.testing.assert_allclose(own.over(bounds, rule=rule), plain, rtol=1e-9, atol=1e-6)


@given(own=series("kWh"), times=st.sampled_from([2, 3, 5]))
def test_finer_and_back_is_the_same(own: EventSeries, times: int) -> None:
    start, length = int(own.events[0]) if len(own.events) else 0, own.step // timedelta(microseconds=1)
    coarse = start + np.arange(31) * length
    fine = start + np.arange(30 * times + 1) * (length // times)
    shared = EventSeries(fine[:-1], own.over(fine), own.step / times, "kWh")
    np.testing.assert_allclose(shared.over(coarse), own.over(coarse), rtol=1e-9, atol=1e-6)


def test_ten_minutes_in_quarters_of_an_hour() -> None:
    tens = EventSeries(np.arange(6) * 10 * MINUTE_US, np.array([0, 6, 0, 0, 6, 0.0]), timedelta(minutes=10), "kW")
    quarters = np.arange(5) * 15 * MINUTE_US
    assert tens.over(quarters).tolist() == [2, 2, 2, 2]
    assert tens.over(quarters, "kWh").tolist() == [0.5] * 4
    assert tens.over(quarters, rule="least").tolist() == [0, 0, 0, 0]
    assert tens.over(quarters, rule="most").tolist() == [6, 6, 6, 6]


@pytest.mark.parametrize("day, hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_the_energy_of_a_local_day_is_that_of_its_hours(day: str, hours: int) -> None:
    start = to_us(datetime.fromisoformat(day).replace(tzinfo=AMSTERDAM))
    days = EventSeries(np.array([start]), np.array([float(hours)]), timedelta(days=1), "kWh", AMSTERDAM)
    hourly = start + np.arange(27) * HOUR_US
    np.testing.assert_allclose(days.over(hourly), [1.0] * hours + [np.nan] * (26 - hours))
    np.testing.assert_allclose(days.over(hourly, "kW"), [1.0] * hours + [np.nan] * (26 - hours))


def test_readings_count_until_the_next_one_but_no_longer_than_a_step() -> None:
    events = np.array([0, 5, 40]) * MINUTE_US
    readings = EventSeries(events, np.array([3.0, 6.0, 9.0]), timedelta(0), "kW")
    quarters = np.arange(6) * 15 * MINUTE_US
    assert readings.over(quarters, rule="last").tolist() == pytest.approx([3, 6, np.nan, 9, np.nan], nan_ok=True)
    assert readings.over(quarters).tolist() == pytest.approx([5, 6, 9, 9, np.nan], nan_ok=True)
    with pytest.raises(UnitError, match="kWh"):
        readings.over(quarters, "kWh")


def test_a_stored_energy_is_no_energy_per_event() -> None:
    level = EventSeries(np.arange(4) * 15 * MINUTE_US, np.full(4, 8.0), timedelta(minutes=15), "kWh", level=True)
    assert level.over(np.array([0, HOUR_US])).tolist() == [8.0]


def test_a_hole_adds_nothing_to_an_energy_and_counts_for_nothing_in_a_mean() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan])
    quarters = EventSeries(np.arange(4) * 15 * MINUTE_US, values, timedelta(minutes=15), "kWh")
    hour = np.array([0, HOUR_US, 2 * HOUR_US])
    assert quarters.over(hour).tolist() == pytest.approx([4, np.nan], nan_ok=True)
    assert quarters.over(hour, "kW").tolist() == pytest.approx([8, np.nan], nan_ok=True)
    assert quarters.known_share(hour).tolist() == [0.5, 0]
