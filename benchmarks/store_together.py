"""Four writers and four readers on one SQLite file, each a process: python -m benchmarks.store_together [seconds]"""

import multiprocessing
import sys
import time
from multiprocessing.queues import Queue
from typing import Any

import numpy as np

from benchmarks.store_bench import sqlite
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from db.sources import Source
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP, PAUSE = 5 * MINUTE, 0.01


def write(url: str, sensor_id: int, source_id: int, until: float, answers: "Queue[Any]") -> None:
    """Write 96 values at a time with a pause between; put the milliseconds each took."""
    database, took, i = Database(url), [], 0
    while time.time() < until:
        begun = time.perf_counter()
        with database.writing() as session:
            sensor, source = get(session, Sensor, sensor_id), get(session, Source, source_id)
            events = steps(NOON + (i % 900) * 24 * STEP, 96, STEP)
            values = np.random.default_rng(i).normal(size=96)
            store.write(session, sensor, source, events=events, values=values, known_at=NOON + i * MINUTE)
        took.append(time.perf_counter() - begun)
        time.sleep(PAUSE)
        i += 1
    answers.put(("write", took))


def read(url: str, sensor_id: int, _: int, until: float, answers: "Queue[Any]") -> None:
    """Read a week at a time with a pause between; put the milliseconds each took."""
    database, took = Database(url), []
    while time.time() < until:
        begun = time.perf_counter()
        with database.reading() as session:
            store.read(session, get(session, Sensor, sensor_id), BeliefQuery(NOON, NOON + 7 * DAY, known_at=LATER))
        took.append(time.perf_counter() - begun)
        time.sleep(PAUSE)
    answers.put(("read", took))


def main(seconds: float) -> None:
    """Let all work at once; an error in any of them ends in a missing answer."""
    with sqlite() as bench:
        pairs = [sensor_and_source(bench.database, resolution=STEP) for _ in range(4)]
        url = bench.database.url.render_as_string(False)
        fork, until = multiprocessing.get_context("fork"), time.time() + seconds
        answers: Queue[Any] = fork.Queue()
        jobs = [(kind, sensor.id, source.id) for sensor, source in pairs for kind in (write, read)]
        processes = [fork.Process(target=kind, args=(url, *ids, until, answers)) for kind, *ids in jobs]
        for process in processes:
            process.start()
        found = [answers.get(timeout=seconds + 60) for _ in processes]
        for process in processes:
            process.join()
        print(f"errors: {sum(process.exitcode != 0 for process in processes)}")
        for what in ("write", "read"):
            took = np.concatenate([times for kind, times in found if kind == what]) * 1000
            p50, p99 = np.percentile(took, [50, 99])
            print(f"{what}: {len(took)} in {seconds:g} s, p50 {p50:.2f} ms, p99 {p99:.2f} ms, most {took.max():.1f} ms")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
