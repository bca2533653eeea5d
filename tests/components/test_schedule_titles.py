"""What the charts of a schedule are called."""

from datetime import timedelta

import numpy as np

from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.traces import Trace


def line(unit: str) -> Trace:
    return Trace(
        label="house", unit=unit, events=np.arange(3) * 3_600_000_000, values=np.arange(3.0), step=timedelta(0)
    )


def test_a_store_is_shown_as_what_it_is_told_in():
    chart = ScheduleChart(devices=[line("kW")], stores=[Store(line("°C")), Store(line("kWh"), (0, 4))])
    assert [each.title for each in chart.charts()] == ["house", "Temperature", "State of charge"]
