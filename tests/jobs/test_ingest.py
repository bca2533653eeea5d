"""What is kept of posted values, case by case, as clients of FlexMeasures know it; on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.assemble.files.posted import Posted
from app.jobs.handlers import ingest
from db.beliefs import store
from db.beliefs.merge import WriteConflict
from db.beliefs.store import Written
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source, named
from engine.series.iso_time import to_us
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, add_sensor

STEP = 5 * MINUTE


class Meter:
    """One sensor of 5 minutes and its source; posts from noon on and tells what is kept."""

    def __init__(self, database: Database, sensor: Sensor, source: Source) -> None:
        self.database, self.sensor, self.source = database, sensor, source

    def post(self, *values: float | None, at: datetime = NOON, step: timedelta = STEP, **more: Any) -> Written:
        numbers = np.array([np.nan if value is None else value for value in values])
        start = more.pop("start", NOON)
        assert isinstance(start, datetime)
        posted = replace(Posted.regular(start, step, numbers, "kW"), **more)
        with self.database.writing() as session:
            return ingest.run(session, self.sensor, self.source, posted, known_at=at)

    def kept(self) -> list[tuple[int, int, float]]:
        """Return minutes after noon of event and recording, and the value, of every belief."""
        with self.database.reading() as session:
            every = store.read_all(
                session, self.sensor, BeliefQuery(NOON - 9 * DAY, NOON + 9 * DAY, known_at=LATER)
            ).beliefs
        minutes = [((moments - to_us(NOON)) // 60_000_000).tolist() for moments in (every.events, every.times)]
        return list(zip(*minutes, every.values[:, 0].tolist(), strict=True))


@pytest.fixture
def meter(database: Database) -> Iterator[Meter]:
    with database.writing() as session:
        sensor, source = add_sensor(session, resolution=STEP), named(session, "meter")
    yield Meter(database, sensor, source)


def test_the_same_body_twice_is_kept_once(meter: Meter) -> None:
    assert meter.post(1, 2) == Written(2, 0)
    assert meter.post(1, 2) == Written(0, 2)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2)]


def test_the_same_values_later_change_nothing(meter: Meter) -> None:
    meter.post(1, 2)
    assert meter.post(1, 2, at=NOON + MINUTE) == Written(0, 2)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2)]


def test_of_values_that_come_later_only_the_changed_one_is_added(meter: Meter) -> None:
    meter.post(1, 2)
    assert meter.post(1, 3, at=NOON + MINUTE) == Written(1, 1)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2), (5, 1, 3)]


@pytest.mark.parametrize("second", [(3, 4), (1, 4)])
def test_a_conflict_in_full_or_in_part_keeps_nothing_of_the_request(meter: Meter, second: tuple[int, int]) -> None:
    meter.post(1, 2)
    with pytest.raises(WriteConflict, match=r"2026-03-02T12:0[05]:00"):
        meter.post(*second, 5)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2)]


def test_the_new_half_of_a_known_body_is_added(meter: Meter) -> None:
    meter.post(1, 2)
    assert meter.post(1, 2, 3, 4) == Written(2, 2)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2), (10, 0, 3), (15, 0, 4)]


def test_a_value_that_comes_back_is_news(meter: Meter) -> None:
    for minute, value in enumerate([1, 2, 1]):
        assert meter.post(value, at=NOON + minute * MINUTE) == Written(1, 0)
    assert meter.kept() == [(0, 0, 1), (0, 1, 2), (0, 2, 1)]


def test_a_measurement_that_confirms_a_forecast_is_kept(meter: Meter) -> None:
    meter.post(1, at=NOON - HOUR)
    assert meter.post(1, at=NOON + STEP) == Written(1, 0)
    assert meter.post(1, at=NOON + HOUR) == Written(0, 1)
    assert meter.kept() == [(0, -60, 1), (0, 5, 1)]


@pytest.mark.parametrize("value", [1, 2])
def test_an_older_forecast_that_arrives_late_is_kept(meter: Meter, value: float) -> None:
    meter.post(1, at=NOON + HOUR)
    assert meter.post(value, at=NOON - HOUR) == Written(1, 0)
    assert meter.kept() == [(0, -60, value), (0, 60, 1)]


def test_what_was_recorded_between_two_and_equals_the_earlier_is_dropped(meter: Meter) -> None:
    meter.post(1, at=NOON - 3 * HOUR)
    meter.post(2, at=NOON - HOUR)
    assert meter.post(1, at=NOON - 2 * HOUR) == Written(0, 1)
    assert meter.post(3, at=NOON - 2 * HOUR) == Written(1, 0)
    assert meter.kept() == [(0, -180, 1), (0, -120, 3), (0, -60, 2)]


def test_nulls_are_spacing(meter: Meter) -> None:
    assert meter.post(1, None, 3) == Written(2, 0)
    assert meter.post(None, None) == Written(0, 0)
    assert meter.kept() == [(0, 0, 1), (10, 0, 3)]


def test_longer_steps_are_repeated_and_shorter_ones_averaged(meter: Meter) -> None:
    meter.post(3, step=3 * STEP)
    meter.post(1, 2, 3, 4, 5, step=MINUTE, start=NOON + HOUR)
    assert meter.kept() == [(0, 0, 3), (5, 0, 3), (10, 0, 3), (60, 0, 3)]


def test_a_start_between_the_steps_is_floored(meter: Meter) -> None:
    meter.post(1, 2, start=NOON + 2 * MINUTE)
    assert meter.kept() == [(0, 0, 1), (5, 0, 2)]


@pytest.mark.parametrize("horizon, minute", [(6 * HOUR, 5 - 360), (-10 * MINUTE, 15)])
def test_a_horizon_counts_from_the_end_of_the_event(meter: Meter, horizon: timedelta, minute: int) -> None:
    meter.post(1, horizon=horizon)
    assert meter.kept() == [(0, minute, 1)]


def test_of_moment_and_horizon_the_earlier_counts(meter: Meter) -> None:
    meter.post(1, prior=NOON, horizon=6 * HOUR)
    meter.post(1, start=NOON + HOUR, prior=NOON - 9 * HOUR, horizon=6 * HOUR)
    assert meter.kept() == [(0, 5 - 360, 1), (60, -540, 1)]


def test_instantaneous_values_stay_where_they_are(database: Database) -> None:
    with database.writing() as session:
        meter = Meter(database, add_sensor(session, resolution=timedelta(0)), named(session, "meter"))
    meter.post(1, 2, start=NOON + 2 * MINUTE, step=7 * MINUTE)
    meter.post(3, start=NOON + 3 * MINUTE, step=timedelta(0))
    assert meter.kept() == [(2, 0, 1), (3, 0, 3), (9, 0, 2)]


def test_several_moments_of_one_body_are_compared_each_with_the_one_before(meter: Meter) -> None:
    events = np.full(4, to_us(NOON))
    times = to_us(NOON) + np.arange(4) * 60_000_000
    posted = Posted(events=events, values=np.array([1.0, 2, 2, 1]), step=STEP, unit="kW", times=times)
    with meter.database.writing() as session:
        assert ingest.run(session, meter.sensor, meter.source, posted, known_at=LATER) == Written(3, 1)
    assert meter.kept() == [(0, 0, 1), (0, 1, 2), (0, 3, 1)]


def test_overwriting_replaces_in_place_if_it_is_allowed(meter: Meter) -> None:
    meter.post(1, 2)
    meter.post(5, at=NOON + MINUTE)
    posted = Posted.regular(NOON, STEP, np.array([7.0, 8.0]), "kW")
    with meter.database.writing() as session:
        written = ingest.run(session, meter.sensor, meter.source, posted, known_at=NOON, overwrite=True)
    assert written == Written(0, 0, 2)
    assert meter.kept() == [(0, 0, 7), (0, 1, 5), (5, 0, 8)]


def test_energy_of_a_step_becomes_power(meter: Meter) -> None:
    meter.post(2, step=15 * MINUTE, unit="kWh")
    assert meter.kept() == [(0, 0, 8), (5, 0, 8), (10, 0, 8)]


@pytest.mark.parametrize("unit, quarter, minutes", [("kWh", 3, 2), ("kW", 0.75, 2 / 60)])
def test_energies_are_shared_out_and_added_up(database: Database, unit: str, quarter: float, minutes: float) -> None:
    with database.writing() as session:
        meter = Meter(database, add_sensor(session, resolution=STEP, unit="kWh"), named(session, "meter"))
    meter.post(3, step=3 * STEP, unit=unit)
    meter.post(*[0.4] * 5, step=MINUTE, start=NOON + HOUR, unit=unit)
    later = [(time, 0, pytest.approx(quarter / 3)) for time in (0, 5, 10)]
    assert meter.kept() == [*later, (60, 0, pytest.approx(minutes))]


def test_nothing_of_a_failed_piece_of_work_stays(meter: Meter) -> None:
    with pytest.raises(RuntimeError), meter.database.writing() as session:
        store.write(session, meter.sensor, meter.source, events=np.array([0]), values=np.ones(1), known_at=NOON)
        raise RuntimeError
    assert meter.kept() == []
