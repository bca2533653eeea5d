"""Random rounds of writing and reading against a dictionary that follows the rules in the plainest way."""

import random
from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest

from db import migrations
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.knowledge import AsOf
from db.beliefs.merge import WriteConflict
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from engine.series.iso_time import from_us, to_us
from tests.db.samples import DAY, HOUR, MINUTE, NOON, sensor_and_source
from tests.effort import effort

STEP = 5 * MINUTE
STEP_US = STEP // timedelta(microseconds=1)


class Model:
    """Event → time of knowledge → value; nothing is fast, everything is plain."""

    def __init__(self) -> None:
        self.known: dict[int, dict[int, float]] = defaultdict(dict)

    def write(self, rows: list[tuple[int, int, float]], *, overwrite: bool = False) -> int:
        """Return the number of beliefs that are new or changed; refuse all or take all."""
        trial = {event: dict(times) for event, times in self.known.items()}
        changed = 0
        for event, time, value in sorted((row for row in rows if not np.isnan(row[2])), key=lambda row: row[:2]):
            there = trial.setdefault(event, {})
            if time in there:
                if there[time] != value and not overwrite:
                    raise KeyError(event)
                changed += there[time] != value
                there[time] = value
                continue
            before = [known for known in there if known < time]
            end = event + STEP_US
            if before and there[max(before)] == value and (max(before) >= end) == (time >= end):
                continue
            there[time] = value
            changed += 1
        self.known = defaultdict(dict, trial)
        return changed

    def read(self, start: int, end: int, cut: int, ahead: int | None = None) -> list[tuple[int, float, int]]:
        found = []
        for event, times in sorted(self.known.items()):
            last = cut if ahead is None else min(cut, event + STEP_US - ahead)
            formed = [time for time in times if time <= last]
            if start <= event < end and formed:
                found.append((event, times[max(formed)], max(formed)))
        return found


def random_rows(dice: random.Random, model: Model) -> list[tuple[int, int, float]]:
    """Return one write: a run of one moment, of one horizon, scattered beliefs, or several beliefs per event."""
    first = to_us(NOON) + dice.randrange(-600, 600) * STEP_US
    events = [first + i * STEP_US for i in range(dice.choice([1, 2, 7, 40, 300]))]
    now = to_us(NOON) + dice.randrange(-40, 40) * 7 * STEP_US
    kind = dice.choice(["run", "run", "late", "ahead", "many", "next", "next", "one", "one", "one"])
    if kind == "one" and model.known:
        event = dice.choice(sorted(model.known)) + dice.choice([0, 0, 0, 1, 2, 9, -3]) * STEP_US
        newest = max(model.known.get(event, {now: 0.0}))
        time = newest + dice.choice([0, 1, 1, 1, 500 * STEP_US, -STEP_US])
        return [(event, dice.choice([time, event - 36 * STEP_US]), dice.choice([1.0, 2.0, 3.0]))]
    if kind == "next" and model.known:
        following = max(model.known) + STEP_US
        form = dice.choice(["moment", "horizon", "own"])
        events = [following + i * STEP_US for i in range(dice.choice([1, 1, 5]))]
        known = {"moment": [now] * 5, "horizon": [e - 36 * STEP_US for e in events], "own": [e % 997 for e in events]}[
            form
        ]
        return [(event, time, dice.choice([1.0, 2.0])) for event, time in zip(events, known, strict=False)]
    values = [dice.choice([1.0, 1.0, 2.0, 3.0, float("nan")]) for _ in events]
    if kind == "ahead":
        return [(e, e - 36 * STEP_US, v) for e, v in zip(events, values, strict=True)]
    if kind == "late":
        return [(e, now - dice.randrange(500) * STEP_US, v) for e, v in zip(events, values, strict=True)]
    times = [now] if kind == "run" else [now + i * STEP_US for i in range(dice.choice([2, 5]))]
    return (
        [(e, time, dice.choice([1.0, 2.0])) for e in events for time in times]
        if len(times) > 1
        else [(e, now, v) for e, v in zip(events, values, strict=True)]
    )


def as_beliefs(rows: list[tuple[int, int, float]]) -> Beliefs:
    events, times, values = (np.array(column) for column in zip(*rows, strict=True))
    return Beliefs.certain(events, times, values.astype(float))


def read(
    database: Database, sensor: Sensor, start: datetime, end: datetime, known_at: datetime | AsOf
) -> list[tuple[int, float, int]]:
    with database.reading() as session:
        known = store.read(session, sensor, BeliefQuery(start, end, known_at=known_at))
    return list(zip(known.events.tolist(), known.values.tolist(), known.belief_times.tolist(), strict=True))


def check_rounds(database: Database, seed: int, rounds: int) -> None:
    dice, model = random.Random(seed), Model()
    sensor, source = sensor_and_source(database, resolution=STEP)
    for _ in range(rounds):
        rows, overwrite = random_rows(dice, model), dice.random() < 0.2
        try:
            changed = model.write(rows, overwrite=overwrite)
        except KeyError:
            with pytest.raises(WriteConflict), database.writing() as session:
                store.save(session, sensor, source, as_beliefs(rows))
            continue
        with database.writing() as session:
            written = store.save(session, sensor, source, as_beliefs(rows), overwrite=overwrite)
        assert written.stored + written.replaced == changed
        start = NOON + dice.randrange(-700, 700) * STEP
        end, cut = start + dice.choice([HOUR, DAY, 6 * DAY]), NOON + dice.randrange(-400, 400) * STEP
        assert read(database, sensor, start, end, cut) == model.read(to_us(start), to_us(end), to_us(cut))
        horizon = dice.randrange(-20, 100) * STEP
        ahead = AsOf(known_at=cut, horizon=horizon)
        expected = model.read(to_us(start), to_us(end), to_us(cut), horizon // timedelta(microseconds=1))
        assert read(database, sensor, start, end, ahead) == expected
    with database.reading() as session:
        every = store.read_all(
            session, sensor, BeliefQuery(NOON - 60 * DAY, NOON + 60 * DAY, known_at=NOON + 99 * DAY)
        ).beliefs
    rows = list(zip(every.events.tolist(), every.times.tolist(), every.values[:, 0].tolist(), strict=True))
    assert rows == sorted((e, t, v) for e, times in model.known.items() for t, v in times.items())
    assert from_us(rows[0][0]) < NOON + 60 * DAY


@pytest.mark.parametrize("seed", range(effort(4, 10)))
def test_the_store_keeps_and_tells_what_a_dictionary_does(database: Database, seed: int) -> None:
    check_rounds(database, seed, rounds=100)


def test_partitions_change_nothing(postgres_url: str) -> None:
    migrations.downgrade(postgres_url, "base")
    migrations.upgrade(postgres_url, partitions=4)
    opened = Database(postgres_url)
    check_rounds(opened, 99, rounds=40)
    opened.close()
