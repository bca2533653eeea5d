"""Charts above each other: units, legend, linked ranges, empty states, dark mode."""

import numpy as np
import pytest
from bokeh.models import BoxAnnotation, DataRange1d, Div, Plot, Span, VArea, VSpan, VStrip

from components.charts import legend
from components.charts.annotations import AnnotationBand
from components.charts.figures import MOST_POINTS
from components.charts.time_series import DAY_US, TimeSeries
from components.charts.traces import Band
from components.theme import QUANTITIES
from engine.errors import TimeError
from engine.series.iso_time import to_us
from tests.components.samples import QUARTER_US, START, chart, trace


def parts(shown: TimeSeries):
    return shown.__panel__().object.children[0].elements


def figures(shown: TimeSeries):
    return [part for part in parts(shown) if isinstance(part, Plot)]


def drawn(shown: TimeSeries):
    """What the first chart draws of its lines."""
    return [part for part in figures(shown)[0].renderers if not isinstance(part.glyph, VSpan)]


def texts(shown: TimeSeries) -> str:
    return " ".join(part.text for part in parts(shown) if isinstance(part, Div))


def test_charts_share_one_time_range_and_one_ruler():
    load, price = figures(TimeSeries(charts=[chart(trace([1, 2])), chart(trace([3, 4]), title="Price")]))
    assert load.x_range is price.x_range
    rulers = {tool.overlay for plot in (load, price) for tool in plot.tools if hasattr(tool, "overlay")}
    assert len([ruler for ruler in rulers if isinstance(ruler, Span)]) == 1


def test_lines_whose_units_have_nothing_in_common_get_an_axis_each():
    price = trace([80, 90], label="Price", unit="EUR/MWh", quantity="price")
    shown = TimeSeries(charts=[chart(trace([1, 2]), price, trace([3000], label="PV", unit="W"), title="Day")])
    power, money = figures(shown)
    assert [plot.yaxis[0].axis_label for plot in (power, money)] == ["Power [kW]", "Price [EUR/MWh]"]
    assert "Day [kW]" in texts(shown) and "Day [EUR/MWh]" in texts(shown)
    lines = [part.data_source.data["y"] for part in power.renderers if part.name]
    assert [max(line) for line in lines] == [2, 3] and power.x_range is money.x_range


def test_quantity_unit_and_zone_are_written_at_the_axes():
    first, last = figures(TimeSeries(charts=[chart(trace([1])), chart(trace([2]))], zone="Europe/Amsterdam"))
    assert first.yaxis[0].axis_label == "Power [kW]"
    assert last.xaxis[0].axis_label == "Time in Europe/Amsterdam"


def test_shares_are_drawn_from_0_to_100_and_other_units_as_the_data_ask():
    share, power = figures(TimeSeries(charts=[chart(trace([40, 60], unit="%")), chart(trace([40, 60]))]))
    assert (share.y_range.start, share.y_range.end) == (0, 100)
    assert isinstance(power.y_range, DataRange1d)


def test_the_legend_tells_unit_kind_of_statement_and_source():
    shown = TimeSeries(charts=[chart(trace([1], source="Flexscope <1>", source_type="forecaster"))])
    assert "Load [kW]" in texts(shown)
    assert "forecast by Flexscope &lt;1&gt;" in texts(shown)


def test_a_chart_without_data_says_what_to_do():
    shown = TimeSeries(charts=[chart(title="Heat pump", empty="No data yet: upload a file.")])
    assert figures(shown) == []
    assert "No data yet: upload a file." in texts(shown)


def test_zooming_in_shows_points_that_were_thinned_away():
    shown = TimeSeries(charts=[chart(trace(np.random.default_rng(1).normal(size=50_000)))])
    source = figures(shown)[0].renderers[0].data_source
    assert len(source.data["x"]) < 1.1 * MOST_POINTS
    shown.span = (to_us(START), to_us(START) + 100 * QUARTER_US)
    assert 200 <= len(source.data["x"]) <= 206


def test_dark_mode_takes_the_dark_form_of_each_colour():
    shown = TimeSeries(charts=[chart(trace([1], source_type="scheduler", quantity="power"))])
    fill, line = drawn(shown)
    assert line.glyph.line_color == fill.glyph.fill_color == QUANTITIES["power"].light
    shown.dark = True
    assert line.glyph.line_color == fill.glyph.fill_color == QUANTITIES["power"].dark
    assert QUANTITIES["power"].dark in texts(shown)


def test_clock_changes_are_marked_in_whatever_is_in_view():
    shown = TimeSeries(charts=[chart(trace(np.ones(200)))], zone="Europe/Amsterdam")
    (mark,) = [part for part in figures(shown)[0].renderers if isinstance(part.glyph, VSpan)]
    first = mark.data_source.data
    assert (len(first["at"]), first["word"]) == (1, ["clocks change"])
    shown.span = (to_us(START) + 300 * DAY_US, to_us(START) + 301 * DAY_US)
    assert mark.data_source.data["at"] == []


def test_an_unknown_zone_is_refused():
    with pytest.raises(TimeError):
        TimeSeries(zone="Mars/Olympus")


def test_strokes_differ_by_what_the_source_does():
    samples = {
        kind: legend.html(chart(trace([1], source_type=kind)), [QUANTITIES["other"]], span=(0, 1), dark=False)
        for kind in TYPES
    }
    assert "stroke-dasharray" in samples["forecaster"]
    assert "fill-opacity" in samples["scheduler"]
    assert "stroke-dasharray" not in samples["user"] + samples["scheduler"]


TYPES = ("user", "forecaster", "scheduler")


def test_measurement_and_forecast_of_one_sensor_share_its_colour():
    shown = TimeSeries(charts=[chart(trace([1]), trace([2], source_type="forecaster"), trace([3], label="PV"))])
    load, foreseen, pv = (line.glyph.line_color for line in drawn(shown))
    assert load == foreseen != pv


def test_limits_lie_inside_the_range_and_are_told():
    shown = TimeSeries(charts=[chart(trace([1, 2]), bounds=(-17, 17))])
    drawn = figures(shown)[0]
    assert drawn.y_range.start < -17
    assert drawn.y_range.end > 17
    assert "limits -17 to 17 kW" in texts(shown)


def test_new_data_keep_the_figures_and_new_lines_make_new_ones():
    shown = TimeSeries(charts=[chart(trace([1, 2]))])
    first = figures(shown)[0]
    shown.charts = [chart(trace([5, 6, 7]))]
    assert figures(shown)[0] is first
    assert set(first.renderers[0].data_source.data["y"].tolist()) == {5, 6, 7}
    shown.charts = [chart(trace([5]), trace([6], label="PV"))]
    assert figures(shown)[0] is not first


def test_many_points_are_drawn_thin_and_few_bold_in_the_stroke_of_their_source():
    shown = TimeSeries(charts=[chart(trace(np.arange(20_000.0), source_type="forecaster"))])
    area, part = drawn(shown)
    line = part.glyph
    assert (line.line_width, line.line_dash) == (1, [])
    assert part.data_source.tags == ["thinned"]
    assert area.data_source.data["high"].max() == 19_999
    shown.span = (to_us(START), to_us(START) + 100 * QUARTER_US)
    assert (line.line_width, line.line_dash) == (2, [6])
    assert part.data_source.tags == []


def test_a_forecast_with_a_band_shows_it_and_tells_it():
    band = Band(low=np.array([0.0, 1.0]), high=np.array([2.0, 4.0]))
    drawn = figures(TimeSeries(charts=[chart(trace([1, 2], band=band, source_type="forecaster"), trace([1, 1]))]))[0]
    area = next(part for part in drawn.renderers if isinstance(part.glyph, VArea))
    assert area.data_source.data["high"].tolist() == [2, 2, 4, 4]
    told = [part.tags[0]["band"] for part in drawn.renderers if part.tags]
    assert told == ["10 to 90 %", ""]


def test_what_is_to_come_is_shaded_where_the_present_is_known():
    now = to_us(START) + QUARTER_US
    shown = figures(TimeSeries(charts=[chart(trace([1, 2])), chart(trace([1, 2]), title="PV")], now=now))
    shades = [part for plot in shown for part in plot.center if isinstance(part, BoxAnnotation) and part.visible]
    assert [shade.left for shade in shades] == [now / 1000] * 2
    plain = figures(TimeSeries(charts=[chart(trace([1, 2]))]))[0]
    assert not [part for part in plain.center if isinstance(part, BoxAnnotation) and part.visible]


def test_browsers_keep_to_themselves_what_python_need_not_hear():
    shown = TimeSeries(charts=[chart(trace([1, 2]))])
    drawn = figures(shown)[0]
    assert not any(model.syncable for model in (drawn, drawn.y_range, shown._view.ruler, shown._view.now))
    assert drawn.x_range.syncable
    assert not any("HoverTool" in type(tool).__name__ for tool in figures(shown)[0].tools)


def test_a_hidden_source_stays_hidden_in_dark_mode():
    shown = TimeSeries(charts=[chart(trace([1]), trace([2], source_type="forecaster"))])
    figures(shown)[0].renderers[1].visible = False
    shown.dark = True
    assert texts(shown).count('aria-pressed="false"') == 1


def test_annotations_are_bands_in_every_chart_and_leave_the_axes_alone():
    shown = TimeSeries(charts=[chart(trace([1])), chart(trace([2]), title="PV")])
    assert not [part for drawn in figures(shown) for part in drawn.renderers if isinstance(part.glyph, VStrip)]
    shown.annotations = [
        AnnotationBand(start=to_us(START), end=to_us(START) + QUARTER_US, text="Holiday " * 9, kind="holiday")
    ]
    strips = [part for drawn in figures(shown) for part in drawn.renderers if isinstance(part.glyph, VStrip)]
    assert [strip.data_source.data["end"][0] - strip.data_source.data["start"][0] for strip in strips] == [900_000] * 2
    assert len(strips[0].data_source.data["short"][0]) == 28
    assert strips[0] not in figures(shown)[0].y_range.renderers


def test_charts_far_below_are_built_when_the_browser_asks():
    charts = [chart(trace([i, i + 1]), title=f"Chart {i}") for i in range(5)]
    shown = TimeSeries(charts=charts, zone="Europe/Amsterdam", at_once=2)
    first = figures(shown)
    room = parts(shown)[-1].height
    assert len(first) == 2
    assert room > 3 * shown.height
    shown.dark = True
    stack = shown.__panel__().object.children[0]
    for asked in range(3):
        stack.tags = [asked]
    assert figures(shown)[:2] == first
    assert [plot.xaxis[0].visible for plot in figures(shown)] == [False] * 4 + [True]
    assert figures(shown)[-1].xaxis[0].axis_label == "Time in Europe/Amsterdam"
    inks = {plot.renderers[0].glyph.line_color for plot in figures(shown)}
    assert inks == {QUANTITIES["consumption"].dark}


def test_charts_without_data_do_not_end_the_building():
    charts = [chart(trace([]), title=f"Chart {i}") for i in range(3)] + [chart(trace([1])), chart(trace([2]))]
    assert len(figures(TimeSeries(charts=charts, at_once=1))) == 1


def test_what_was_zoomed_holds_for_charts_built_later():
    shown = TimeSeries(charts=[chart(trace(np.arange(9000.0))), chart(trace(np.arange(9000.0)))], at_once=1)
    shown.span = (to_us(START), to_us(START) + 10 * QUARTER_US)
    shown.more()
    first, second = figures(shown)
    assert first.renderers[0].data_source.data["y"].max() < 20
    assert second.renderers[0].data_source.data["y"].max() < 20
