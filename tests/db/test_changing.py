"""Deleting, converting and resampling stored beliefs, against the same done to a plain list."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from db.beliefs import deletion, rewrite, statistics, store
from db.beliefs.chunks import Beliefs
from db.beliefs.rewrite import EventRange
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source, named
from engine.errors import FieldError, InputError, TimeError, UnitError
from engine.series.iso_time import from_us, to_us
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE
ROW = tuple[datetime, datetime, float]


def fill(database: Database) -> tuple[Sensor, Source]:
    """Store three days of forecasts in hourly runs and of measurements; every fourth value repeats."""
    sensor, source = sensor_and_source(database, resolution=STEP)
    dice = np.random.default_rng(7)
    for run in range(40):
        with database.writing() as session:
            start = NOON + run * HOUR
            values = np.round(dice.normal(size=36)).clip(-1, 1)
            store.write(session, sensor, source, events=steps(start, 36, STEP), values=values, known_at=start)
    with database.writing() as session:
        events = steps(NOON, 700, STEP)
        known = events + 300_000_000
        store.write(session, sensor, source, events=events, values=np.round(dice.normal(size=700)), known_at=known)
    return sensor, source


def rows(database: Database, sensor: Sensor) -> list[ROW]:
    with database.reading() as session:
        found = store.read_all(session, sensor, BeliefQuery(NOON - DAY, NOON + 9 * DAY, known_at=LATER)).beliefs
    return [(from_us(e), from_us(t), v) for e, t, v in zip(found.events, found.times, found.values[:, 0], strict=True)]


def check_lines(database: Database, sensor: Sensor, left: list[ROW]) -> None:
    """Compare the lines of chunks and series with what is left, event by event."""
    newest = {event: (time, value) for event, time, value in left}
    with database.reading() as session:
        found = statistics.per_source(session, sensor.id)
        last = statistics.latest(session, [sensor.id])
    if not left:
        assert (found, last) == ({}, {})
        return
    (told,), values = found.values(), [value for _, value in newest.values()]
    assert (told.count, told.minimum, told.maximum) == (len(newest), min(values), max(values))
    assert told.total == pytest.approx(sum(values))
    assert (told.first_event, told.last_event) == (min(newest), max(newest))
    assert told.last_belief == max(time for _, time, _ in left)
    assert (last[sensor.id].event, last[sensor.id].value) == (max(newest), newest[max(newest)][1])


def test_lines_tell_what_the_beliefs_tell(database: Database) -> None:
    sensor, _ = fill(database)
    check_lines(database, sensor, rows(database, sensor))


START, END = NOON + 11 * HOUR, NOON + 31 * HOUR
WITHIN = deletion.within(START, END)


@pytest.mark.parametrize(
    "delete, stays",
    [
        (deletion.everything, lambda event, time: not START <= event < END),
        (deletion.measurements, lambda event, time: not START <= event < END or time < event + STEP),
        (deletion.prognoses, lambda event, time: not START <= event < END or time >= event + STEP),
    ],
)
def test_what_is_deleted_is_gone_and_nothing_else(
    database: Database, delete: Callable[..., int], stays: Callable[[datetime, datetime], bool]
) -> None:
    sensor, _ = fill(database)
    before = rows(database, sensor)
    with database.writing() as session:
        gone = delete(session, sensor, bounds=WITHIN)
    left = rows(database, sensor)
    assert left == [row for row in before if stays(row[0], row[1])]
    assert gone == len(before) - len(left) > 0
    check_lines(database, sensor, left)


@pytest.mark.parametrize("bounds", [WITHIN, deletion.within(None, END), deletion.within(None, None)])
def test_what_would_be_deleted_is_counted_first(database: Database, bounds: EventRange) -> None:
    sensor, source = fill(database)
    with database.reading() as session:
        some = deletion.count(session, sensor, bounds=bounds, sources=SourceFilter(ids=[source.id]))
        every = deletion.count(session, sensor, bounds=bounds)
    with database.writing() as session:
        assert deletion.everything(session, sensor, bounds=bounds, sources=SourceFilter(ids=[source.id])) == some > 0
        assert deletion.everything(session, sensor, bounds=bounds) == every - some


def test_deleting_everything_leaves_an_empty_series_of_a_newer_version(database: Database) -> None:
    sensor, _ = fill(database)
    with database.writing() as session:
        before = statistics.versions(session, [sensor.id])[sensor.id]
        assert deletion.everything(session, sensor) > 1000
        assert statistics.versions(session, [sensor.id])[sensor.id] == before + 1
    check_lines(database, sensor, [])


def test_only_the_chosen_source_loses_its_data(database: Database) -> None:
    sensor, source = fill(database)
    with database.writing() as session:
        other = named(session, "other")
        store.write(session, sensor, other, events=steps(NOON, 9, STEP), values=np.ones(9), known_at=NOON)
        deletion.everything(session, sensor, sources=SourceFilter(ids=[source.id]))
    assert len(rows(database, sensor)) == 9


def test_only_beliefs_that_repeat_the_one_before_are_unchanged(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    for hours, value in [(3, 1.0), (1, 1.0), (2, 1.0), (0, 1.0)]:  # the last three arrive before the first
        with database.writing() as session:
            known = NOON + hours * HOUR
            store.write(
                session, sensor, source, events=steps(NOON + DAY, 2, STEP), values=np.full(2, value), known_at=known
            )
    assert len(rows(database, sensor)) > 2
    with database.writing() as session:
        deletion.unchanged(session, sensor)
    assert {time for _, time, _ in rows(database, sensor)} == {NOON}


def test_old_beliefs_expire_by_the_rules(database: Database) -> None:
    sensor, _ = fill(database)
    before = rows(database, sensor)
    newest = {event: (event, time, value) for event, time, value in before}
    with database.writing() as session:
        deletion.expire(session, sensor, keep=20 * HOUR, keep_superseded=10 * HOUR, now=NOON + 30 * HOUR)
    expected = [
        row for row in before
        if row[0] >= NOON + 10 * HOUR and (row[0] >= NOON + 20 * HOUR or row == newest[row[0]])
    ]  # fmt: skip
    assert rows(database, sensor) == expected


def test_a_sensor_changes_its_unit_together_with_its_data(database: Database) -> None:
    sensor, _ = fill(database)
    before = rows(database, sensor)
    with database.writing() as session:
        with pytest.raises(UnitError):
            rewrite.convert(session, session.merge(sensor), "EUR")
        rewrite.convert(session, session.merge(sensor), "MW")
        with pytest.raises(FieldError, match="convert them along"):
            rewrite.refuse_if_filled(session, sensor, "unit")
    after = rows(database, sensor)
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert [row[2] for row in after] == pytest.approx([row[2] / 1000 for row in before])
    check_lines(database, sensor, after)


def test_data_of_a_finer_resolution_repeat(database: Database) -> None:
    sensor, _ = fill(database)
    before = rows(database, sensor)
    with database.writing() as session:
        rewrite.resample_data(session, session.merge(sensor), MINUTE)
    expected = sorted((event + i * MINUTE, time, value) for event, time, value in before for i in range(5))
    after = rows(database, sensor)
    assert after == expected
    check_lines(database, sensor, after)


def test_energies_keep_their_sum_at_another_resolution(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP, unit="kWh")
    with database.writing() as session:
        store.write(session, sensor, source, events=steps(NOON, 6, STEP), values=np.arange(6.0), known_at=NOON)
    for resolution, values in ((3 * STEP, [3, 12]), (6 * STEP, [15]), (3 * STEP, [7.5, 7.5])):
        with database.writing() as session:
            rewrite.resample_data(session, session.get_one(Sensor, sensor.id), resolution)
        assert [value for _, _, value in rows(database, sensor)] == values


def as_known(known: list[ROW], slot: datetime, moment: datetime) -> dict[datetime, float]:
    return {event: value for event, time, value in known if time <= moment and slot <= event < slot + 3 * STEP}


def test_data_of_a_coarser_resolution_are_means_as_they_were_known(database: Database) -> None:
    sensor, _ = fill(database)
    before = [row for row in rows(database, sensor) if row[0] < NOON + 4 * HOUR]
    with database.writing() as session:
        rewrite.resample_data(session, session.merge(sensor), 3 * STEP)
    expected = []
    for slot in sorted({from_us(to_us(event) // 900_000_000 * 900_000_000) for event, _, _ in before}):
        for moment in sorted({time for event, time, _ in before if slot <= event < slot + 3 * STEP}):
            known = as_known(before, slot, moment)
            if len(known) == 3:
                expected.append((slot, moment, sum(known.values()) / 3))
    found = [row for row in rows(database, sensor) if row[0] < NOON + 4 * HOUR]
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected])


@pytest.mark.parametrize("resolution, error", [(7 * MINUTE, TimeError), (timedelta(0), InputError)])
def test_what_does_not_fit_is_not_resampled(database: Database, resolution: timedelta, error: type[Exception]) -> None:
    sensor, _ = fill(database)
    before = rows(database, sensor)
    with pytest.raises(error), database.writing() as session:
        rewrite.resample_data(session, session.merge(sensor), resolution)
    assert rows(database, sensor) == before


def test_quantiles_are_stored_read_and_superseded_as_one_belief(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    events, levels = steps(NOON, 3, STEP), np.array([0.1, 0.5, 0.9])
    values = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    wider = np.array([[1.0, 2, 3], [4, 5, 7], [7, 8, 9]])
    for hours, changed in [(0, values), (1, values), (2, wider)]:
        times = np.full(3, to_us(NOON + hours * HOUR))
        with database.writing() as session:
            written = store.save(session, sensor, source, Beliefs(events, times, changed, levels))
    assert (written.stored, written.unchanged) == (1, 2)
    with database.reading() as session:
        found = store.read_quantiles(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).beliefs
        assert store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).values.tolist() == [2, 5, 8]
    assert found.values.tolist() == [[1, 2, 3], [4, 5, 7], [7, 8, 9]]
    assert found.levels.tolist() == [0.1, 0.5, 0.9]
