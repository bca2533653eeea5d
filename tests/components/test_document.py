"""Documents of charts: one for each kind, without values; and what fills them over a time range."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from components.charts.document import ChartValues, chart_document
from components.charts.summed import SummedTrace
from components.charts.traces import Band, Chart, Trace
from engine.series.iso_time import to_us
from tests.components.samples import QUARTER_US, START, chart, trace


def test_charts_that_differ_in_their_values_alone_share_a_document():
    one, other = (chart_document([chart(trace(values))], zone="UTC") for values in ([1.25, 2], [7.75, 8, 9]))
    assert one is other
    assert "ndarray" not in one.text and "7.75" not in one.text


@pytest.mark.parametrize("more", [{"label": "<b>PV</b>"}, {"source_type": "forecaster"}, {"source": "other"}])
def test_another_line_has_another_document(more: dict[str, str]):
    one, other = (chart_document([chart(trace([1], **facts))], zone="UTC") for facts in ({}, more))
    assert one.digest != other.digest


def test_charts_that_differ_in_their_names_alone_share_the_models_of_bokeh():
    def charts(*names: str) -> list[Chart]:
        lines = [trace([1], label=name, source=f"meter of {name}") for name in names]
        return [chart(*lines, title=f"Power of {names[0]}")]

    known = chart_document(charts("North", "South"), zone="UTC").text
    hostile = 'a "quoted" \ue0000\ue000 <b>name</b>', "\\ue0001\\ue000"
    alike, same = (chart_document(charts(*names), zone="UTC").text for names in (hostile, ("North", "North")))
    assert [model["id"] for model in models(known)] == [model["id"] for model in models(alike)]
    lines = [model["attributes"]["tags"][0]["entries"] for model in models(alike) if model["name"] == "GlyphRenderer"
             and model["attributes"].get("tags")]  # fmt: skip
    assert [dict(facts)["label"] for facts in lines] == list(hostile)
    assert "North" not in alike
    assert (
        "a &quot;quoted&quot;" in next(model for model in models(alike) if model["name"] == "Div")["attributes"]["text"]
    )
    assert models(same)[0]["id"] != models(known)[0]["id"]  # two sources of one sensor have one colour


def models(text: str) -> list[dict[str, Any]]:
    """Models in the JSON of a document, in the order in which they stand there."""

    def within(part: object) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            if "id" in part and "attributes" in part:
                yield part
            for each in part.values():
                yield from within(each)
        elif isinstance(part, list):
            for each in part:
                yield from within(each)

    return list(within(json.loads(text)))


def test_a_document_follows_neither_zone_nor_height_of_another():
    charts = [chart(trace([1]))]
    made = [chart_document(charts, zone=zone, height=height).digest
            for zone, height in (("UTC", 220), ("Europe/Amsterdam", 220), ("UTC", 380))]  # fmt: skip
    assert len(set(made)) == 3


def values_of(shown: Trace, *, first: int = 0, last: int) -> ChartValues:
    start = to_us(START)
    return ChartValues(
        charts=[chart(shown)], start_us=start + first * QUARTER_US, end_us=start + last * QUARTER_US, most=1600
    )


def test_what_is_sent_of_a_long_line_is_small_and_keeps_its_extremes():
    numbers = np.zeros(300_000)
    numbers[123_456], numbers[200_000] = 9.0, -9.0
    shown = trace(numbers)
    columns, is_thinned = values_of(shown, last=300_000).columns(shown)
    assert is_thinned and set(columns) == {"x", "y", "low", "high"}
    assert (columns["low"].min(), columns["high"].max()) == (-9, 9)
    assert sum(column.nbytes for column in columns.values()) < 60_000


def test_what_is_sent_of_a_short_line_tells_how_long_before_each_event_it_was_known():
    events = to_us(START) + np.arange(3) * QUARTER_US
    shown = Trace(label="Load", unit="kW", events=events, values=np.ones(3), known=events - 7_200_000_000,
                  step=timedelta(minutes=15))  # fmt: skip
    columns, is_thinned = values_of(shown, last=3).columns(shown)
    assert not is_thinned and set(columns) == {"x", "y", "lead"}
    assert columns["lead"].tolist()[::2] == [7200] * 3


def test_points_beside_the_view_are_sent_as_well_but_not_counted():
    shown = trace(np.arange(100.0))
    values = values_of(shown, first=40, last=60)
    columns, _ = values.columns(shown)
    assert (columns["y"].min(), columns["y"].max()) == (33, 66)  # and an event more on each side
    assert values.head()[0]["figures"] == ["min 40, mean 49.5, max 59, energy 247.5 kWh"]


def test_a_line_of_chunks_tells_the_lowest_mean_and_highest_of_the_values_they_hold():
    events, means = to_us(START) + np.arange(3) * 4 * QUARTER_US, np.array([1.0, 2.0, 4.0])
    shown = SummedTrace(
        label="Load", unit="kW", events=events, values=means, step=timedelta(hours=1), length=timedelta(minutes=15),
        counts=np.array([4.0, 4.0, 2.0]), band=Band(low=means - 1, high=means + 1, name="lowest to highest"),
    )  # fmt: skip
    values = values_of(shown, last=12)
    columns, is_thinned = values.columns(shown)
    assert is_thinned and "lead" not in columns
    assert (columns["low"].min(), columns["high"].max()) == (0, 5)
    assert values.head()[0]["figures"] == ["min 0, mean 2, max 5, energy 5 kWh"]
    assert shown.converted("W").summary(values.start_us, values.end_us).startswith("min 0, mean 2,000, max 5,000")
