"""Quantities over a window: events on and off the grid, overlaps, clock changes, gaps."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.flex.quantity import read
from engine.flex.values import Scale, at_moments, held, off_grid, per_step, per_step_mean, per_tick, rule_of
from engine.series.window import Window

START = datetime(2026, 3, 4, tzinfo=UTC)
DAY = Window.of_length(START, timedelta(hours=6), timedelta(hours=1))
NAN = float("nan")


def sensors(values):
    def resolve(reference, *, unit, window):
        return np.array([values.get(reference.sensor, NAN)] * window.n)

    return resolve


def steps(raw, overlap="first", window=DAY):
    return per_step(read(raw, field="x"), window, unit="kW", field="x", resolve=sensors({5: 7.0}), overlap=overlap)


def ticks(raw, overlap="first", window=DAY):
    quantity = read(raw, field="x")
    return per_tick(quantity, window, field="x", resolve=sensors({5: 7.0}), overlap=overlap, scale=Scale(whole=10.0))


def event(value, start, end=None):
    begin = START + timedelta(hours=start)
    last = {} if end is None else {"end": (START + timedelta(hours=end)).isoformat()}
    return {"value": value, ("datetime" if end is None else "start"): begin.isoformat(), **last}


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [("first", [NAN, 2, 2, 1, NAN, NAN]), ("least", [NAN, 2, 1, 1, NAN, NAN]), ("most", [NAN, 2, 2, 1, NAN, NAN])],
)
def test_overlapping_events_in_steps(overlap, expected):
    found = steps([event("2 kW", 1, 3), event("1 kW", 2, 4)], overlap)
    np.testing.assert_array_equal(found, expected)


def test_a_fixed_quantity_and_a_sensor_with_a_default():
    np.testing.assert_array_equal(steps("2 kW"), [2.0] * 6)
    np.testing.assert_array_equal(steps({"sensor": 5, "default": "1 kW"}), [7.0] * 6)
    np.testing.assert_array_equal(steps({"sensor": 6, "default": "1 kW"}), [1.0] * 6)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        (event("4 kWh", 2), [2]),
        (event("4 kWh", 2.9), []),
        (event("4 kWh", 0.5), []),
        (event("4 kWh", 1, 3), [1, 2, 3]),
        (event("4 kWh", 1.5, 2.5), [2]),
        (event("40%", 6), [6]),
        (event("4 kWh", 7), []),
        (event("4 kWh", -3), []),
        (event("4 kWh", -3, 1), [0, 1]),
        (event("4 kWh", 5, 9), [5, 6]),
    ],
)
def test_stored_energies_count_at_ticks(written, at):
    expected = np.full(7, NAN)
    expected[at] = 4.0
    np.testing.assert_array_equal(ticks([written]), expected)


@pytest.mark.parametrize(
    ("written", "overlap", "found"),
    [
        ([event("4 kWh", 2.25)], "first", {2.25: 4}),
        ([event("4 kWh", 2)], "first", {}),
        ([event("4 kWh", 1.5, 2.5), event("5 kWh", 2, 3)], "first", {1.5: 4, 2.5: 4}),
        ([event("4 kWh", 1.5, 2.5), event("5 kWh", 2, 3)], "most", {1.5: 4, 2.5: 5}),
        ([event("4 kWh", -0.5, 0.5), event("5 kWh", 5.75, 6.25)], "first", {0.5: 4, 5.75: 5}),
    ],
)
def test_between_ticks_events_count_where_they_begin_and_end(written, overlap, found):
    quantity = read(written, field="x")
    moments = np.array(off_grid(quantity, DAY))
    values = at_moments(quantity, moments, DAY, field="x", overlap=overlap)
    assert dict(zip(moments.tolist(), values.tolist(), strict=True)) == found


def test_an_event_shorter_than_a_step_fills_it():
    np.testing.assert_array_equal(steps([event("2 kW", 1.25, 1.5)]), [NAN, 2, NAN, NAN, NAN, NAN])


@given(st.lists(st.tuples(st.integers(-60, 420), st.integers(0, 300), st.integers(0, 9)), max_size=5))
def test_the_energy_of_a_flow_is_that_of_its_minutes(drawn):
    # The first of several events at one time counts; outside of them nothing flows.
    written = [event(f"{power} kW", begin / 60, (begin + length) / 60) for begin, length, power in drawn]
    minutes = np.zeros(360)
    for begin, length, power in reversed(drawn):
        minutes[max(begin, 0) : max(begin + length, 0)] = power
    mean = per_step_mean(read(written, field="x"), DAY, unit="kW", field="x", resolve=sensors({}))
    np.testing.assert_allclose(mean, minutes.reshape(6, 60).mean(axis=1), atol=1e-9)


def test_a_capacity_counts_in_every_step_it_touches():
    np.testing.assert_array_equal(steps([event("2 kW", 1.5, 2.5)], "least"), [NAN, 2, 2, NAN, NAN, NAN])


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ([event("6 kW", 1.25, 1.5)], [0, 1.5, 0, 0, 0, 0]),
        ([event("2 kW", 1.5, 3.5)], [0, 1, 2, 1, 0, 0]),
        ([event("2 kW", 1, 1.5), event("8 kW", 1, 1.75)], [0, 1 + 2, 0, 0, 0, 0]),
        ([event("2 kW", -3, 0.5)], [1, 0, 0, 0, 0, 0]),
        ("3 kW", [3] * 6),
    ],
)
def test_a_flow_that_lasts_part_of_a_step_counts_for_its_energy(written, found):
    mean = per_step_mean(read(written, field="x"), DAY, unit="kW", field="x", resolve=sensors({}))
    np.testing.assert_allclose(mean, found)


@given(st.integers(-10, 10), st.integers(1, 10), st.sampled_from([5, 15, 60]))
def test_what_lies_outside_the_window_changes_nothing(first, length, minutes):
    window = Window.of_length(START, timedelta(minutes=minutes * 6), timedelta(minutes=minutes))
    hours = minutes / 60
    found = steps([event("2 kW", first * hours, (first + length) * hours)], window=window)
    expected = [2.0 if first <= step < first + length else NAN for step in range(6)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_over_a_clock_change_has_its_true_number_of_steps(day, hours):
    month, offset = int(day[5:7]), {"2026-03-29": 1, "2026-10-25": 2}[day]
    start = datetime.fromisoformat(f"{day}T00:00+0{offset}:00")
    window = Window.of_length(start, timedelta(hours=hours), timedelta(minutes=15))
    after = f"{day}T03:00+0{3 - offset}:00"
    found = steps([{"value": "1 kW", "start": after, "duration": "PT1H"}], window=window)
    assert (found == 1).sum() == 4
    assert np.flatnonzero(found == 1)[0] == (8 if month == 3 else 16)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([NAN, 1, 2, 3, NAN, NAN], [1, 1, 2, 3, 3, 3]), ([5, NAN, NAN, 2, NAN, 4], [5, 5, 5, 2, 2, 4])],
)
def test_the_last_known_value_is_held(values, expected):
    np.testing.assert_array_equal(held(np.array(values, dtype=float)), expected)


@pytest.mark.parametrize(
    ("kind", "overlap", "lasts", "rule"),
    [
        ("price", "first", True, "mean"),
        ("load", "first", False, "mean"),
        ("capacity", "least", True, "least"),
        ("peak", "first", True, "most"),
        ("energy", "most", True, "most"),
        ("energy", "most", False, "last"),
        ("energy", "first", True, "last"),
        ("state-of-charge", "first", True, "last"),
    ],
)
def test_a_series_is_read_by_its_kind(kind, overlap, lasts, rule):
    assert rule_of(kind, overlap, lasts=lasts) == rule
