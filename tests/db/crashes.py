"""A writer that is killed in the middle of its work, and what must be left of that."""

import multiprocessing
import os
import random
import signal
import time
from datetime import timedelta
from multiprocessing.connection import Connection

import numpy as np

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import from_us
from tests.db.samples import DAY, LATER, MINUTE, NOON, steps

BATCH, SHIFT = 576, 30
"""Events of one run, and how many of them the next run is further on."""


def write_on(url: str, sensor_id: int, source_id: int, first: int, acknowledge: Connection) -> None:
    """Write one run after the other, each in its own transaction, and tell its number once it is committed."""
    database, run = Database(url), first
    while True:
        with database.writing() as session:
            sensor, source = get(session, Sensor, sensor_id), get(session, Source, source_id)
            values = np.full(BATCH, float(run))
            events = steps(NOON + run * SHIFT * 5 * MINUTE, BATCH, 5 * MINUTE)
            store.write(session, sensor, source, events=events, values=values, known_at=NOON + run * MINUTE)
        acknowledge.send(run)
        run += 1


def kill_a_writer(url: str, sensor: Sensor, source: Source, *, first: int, dice: random.Random) -> int:
    """Let a process write from a run on and kill it soon; return the last run it acknowledged."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    fork = multiprocessing.get_context("fork")  # a new interpreter would spend a second on imports
    process = fork.Process(target=write_on, args=(url, sensor.id, source.id, first, theirs), daemon=True)
    process.start()
    theirs.close()
    last: int = ours.recv()
    time.sleep(dice.random() * 0.02)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    try:
        while ours.poll():
            last = ours.recv()
    except EOFError:
        pass
    return last


def runs(database: Database, sensor: Sensor) -> dict[int, int]:
    """Return the number of values that are stored of each run."""
    with database.reading() as session:
        every = store.read_all(session, sensor, BeliefQuery(NOON - DAY, NOON + 9000 * DAY, known_at=LATER)).beliefs
    times, counts = np.unique(every.times, return_counts=True)
    return {(from_us(t) - NOON) // timedelta(minutes=1): int(n) for t, n in zip(times, counts, strict=True)}


def torment(database: Database, url: str, sensor: Sensor, source: Source, *, kills: int) -> int:
    """Kill writers so often; return the number of runs acknowledged. Raise AssertionError if one is lost or half."""
    dice, acknowledged, next_run = random.Random(1), set[int](), 0
    for _ in range(kills):
        last = kill_a_writer(url, sensor, source, first=next_run, dice=dice)
        acknowledged |= set(range(next_run, last + 1))
        stored = runs(database, sensor)
        assert acknowledged <= set(stored), "an acknowledged run is lost"
        assert set(stored.values()) == {BATCH}, "a run is stored in part"
        next_run = max(stored) + 1
    return len(acknowledged)
