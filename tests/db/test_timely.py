"""Beliefs as a frame of the real timely_beliefs, in another interpreter: the package declares a pandas older than ours.

``PEER_PYTHON=…`` names an interpreter that has it (an environment with FlexMeasures does).
"""

import os
import subprocess
from pathlib import Path

import pytest

PEER = os.environ.get("PEER_PYTHON")
ROOT = Path(__file__).parents[2]
CODE = """
from datetime import timedelta
import numpy as np
from db import tables
from db.chunks import Beliefs
from db.frames import timely_frame
from db.painting import Sourced
from db.sensors import Sensor
from db.sources import Source

tables.enter()
sensor = Sensor(name="load", unit="kW", timezone="Europe/Amsterdam", resolution=timedelta(minutes=15))
events = 1_700_000_100_000_000 + np.arange(4) * 900_000_000
values = np.array([[1, 2.0], [3, 4], [5, 6], [7, np.nan]])
known = Beliefs(events, np.full(4, events[0] - 3_600_000_000), values, np.array([0.2, 0.5]))
frame = timely_frame(Sourced(known, np.full(4, 9)), sensor, {9: Source(name="meter", type="gateway")})
print(type(frame).__name__, frame.sensor.name, frame.event_resolution, frame.lineage.number_of_beliefs)
print(frame.index.get_level_values("event_start")[0].isoformat(), frame.index.names[-1])
print(frame["event_value"].tolist(), [source.name for source in frame.lineage.sources])
"""


@pytest.mark.skipif(PEER is None, reason="PEER_PYTHON names no interpreter with timely_beliefs")
def test_beliefs_become_a_frame_of_the_real_package(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [str(PEER), "-c", CODE], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-3:] == [
        "BeliefsDataFrame load 0:15:00 4",
        "2023-11-14T23:15:00+01:00 cumulative_probability",
        "[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] ['meter']",
    ]
