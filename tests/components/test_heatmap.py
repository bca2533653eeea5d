"""Heatmaps: days of 23, 24 and 25 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import panel as pn
import pytest

from components.charts.heatmap import Heatmap, heatmap_cells
from components.charts.traces import Trace
from engine.series.iso_time import instant, to_us

AMSTERDAM = "Europe/Amsterdam"
HOUR = timedelta(hours=1)


def hourly(day: str, hours: int, **facts) -> Trace:
    """Return a line whose values count the hours since the local midnight of a day."""
    events = to_us(instant(day, field="day", local=ZoneInfo(AMSTERDAM))) + np.arange(hours) * 3_600_000_000
    given = {"label": "Load", "unit": "kW", "quantity": "power"} | facts
    return Trace(events=events, values=np.arange(hours, dtype=float), step=HOUR, **given)


def test_a_usual_day_has_a_column_for_each_step():
    cells = heatmap_cells(hourly("2026-06-10", 48), zone=AMSTERDAM)
    assert cells.values.tolist() == [list(range(24)), list(range(24, 48))]


@pytest.mark.parametrize("unit, cell", [("kWh", 10), ("kW", 2)])
def test_energies_shorter_than_a_column_are_added_up_and_powers_averaged(unit, cell):
    minutes = np.arange(10) * 60_000_000
    line = Trace(
        label="Load", unit=unit, quantity="power", events=minutes, values=np.full(10, 2.0), step=timedelta(minutes=1)
    )
    assert heatmap_cells(line, zone="UTC").values[0, :2].tolist() == [cell, cell]


def test_the_hour_that_does_not_exist_stays_empty():
    cells = heatmap_cells(hourly("2026-03-29", 23), zone=AMSTERDAM)
    assert cells.values.shape == (1, 24)
    assert np.isnan(cells.values[0, 2])
    assert cells.values[0, [0, 1, 3, 23]].tolist() == [0, 1, 2, 22]


def test_the_hour_that_comes_twice_is_split_and_no_value_is_lost():
    cells = heatmap_cells(hourly("2026-10-25", 25), zone=AMSTERDAM)
    assert cells.values.shape == (1, 48)
    assert cells.values[0, 2:8].tolist() == [1, 1, 2, 3, 4, 4]
    assert set(cells.values[0]) == set(range(25))


def test_weeks_begin_on_monday():
    cells = heatmap_cells(hourly("2026-06-10", 7 * 24), zone=AMSTERDAM, days=7)
    assert cells.values.shape == (2, 168)
    assert cells.first == to_us(datetime(2026, 6, 8, tzinfo=UTC))
    assert np.isnan(cells.values[0, :48]).all()
    assert cells.values[0, 48] == 0


def test_missing_steps_stay_empty():
    line = hourly("2026-06-10", 24)
    line.values[5] = np.nan
    assert np.isnan(heatmap_cells(line, zone=AMSTERDAM).values[0]).nonzero()[0].tolist() == [5]


@pytest.mark.parametrize(("values", "symmetric"), [([-1.0, 3.0], True), ([1.0, 3.0], False)])
def test_what_flows_both_ways_has_colours_around_zero(values, symmetric):
    line = hourly("2026-06-10", 2)
    line.values[:] = values
    drawn = Heatmap(trace=line, zone=AMSTERDAM).__panel__()[0].object
    mapper = drawn.renderers[0].glyph.color_mapper
    assert (mapper.low == -mapper.high) is symmetric


def test_without_data_it_says_so():
    shown = Heatmap(trace=hourly("2026-06-10", 0)).__panel__()
    assert isinstance(shown[0], pn.pane.HTML)
    assert "No data" in shown[0].object


def test_the_first_day_is_drawn_at_the_top():
    drawn = Heatmap(trace=hourly("2026-06-10", 30), zone=AMSTERDAM).__panel__()[0].object
    image = drawn.renderers[0]
    assert (drawn.y_range.start, drawn.y_range.end) == (2, 0)
    assert (image.glyph.origin, image.glyph.y, image.glyph.dh) == ("bottom_left", 0, 2)
    assert image.data_source.data["image"][0][0, 0] == 0
