"""A schedule as a table has its values at the steps it was planned in, also where it begins in the midst of one."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.assemble.schedule_lines import schedule_table
from components.charts.traces import Trace
from db.schedules import StoredSchedule
from engine.series.iso_time import to_us

QUARTER, END = timedelta(minutes=15), datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("start", [END - timedelta(hours=1), END - timedelta(minutes=52, seconds=5)])
def test_each_value_stands_at_its_own_step(start: datetime) -> None:
    slots = to_us(END) - np.arange(4, 0, -1) * (QUARTER // timedelta(microseconds=1))
    values = np.array([1.0, 2.0, 3.0, 4.0])
    line = Trace(label="battery", unit="kW", events=slots, values=values, step=QUARTER)
    table = schedule_table(StoredSchedule(start=start, end=END, step=QUARTER), [line])
    assert table.values[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert list(table.starts) == [start, *(END - count * QUARTER for count in (3, 2, 1))]
