"""Results of a report as HTML and as files: totals, a figure of each, the values by step."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
from markupsafe import Markup

from app.assemble.files.step_table import StepTable, write_csv, write_excel, write_pdf
from app.fragments.tables import facts, row_table
from app.fragments.templates import render
from engine.reporting.reporter import Reporter, ReportSeries
from engine.series.iso_time import from_us
from engine.units.units import adds_up

WIDE, TALL = 720, 140
"""Size of a figure [px]."""
MOST_LABELLED = 100
"""Steps up to which each bar says its value."""
MOST_BARS = 1500
"""Steps up to which a figure is drawn."""
MOST_ROWS = 3000
"""Steps up to which a table is shown; files have them all."""


def results_html(results: Mapping[str, ReportSeries], reporter: type[Reporter]) -> Markup:
    """Totals, figures and values of a report."""
    described = {output.name: output.description for output in reporter.outputs}
    columns = ["Result", "Total", "Mean", "Lowest", "Highest", "Steps known", "Meaning"]
    rows = [
        [name, *figure_texts(series), described.get(name, described.get(f"NAME.{name.rpartition('.')[2]}", ""))]
        for name, series in results.items()
    ]
    shown = facts(columns, rows, empty="This report has no results.")
    for name, series in results.items():
        if np.nansum(np.abs(series.values)) > 0.0 and len(series.values) <= MOST_BARS:  # of nothing there is no figure
            shown += figure_html(name, series)
    table = step_table(results)
    if not 0 < len(table.starts) <= MOST_ROWS:
        return shown
    place = next(iter(results.values())).place
    cells = [
        [f"{start.astimezone(place):%Y-%m-%d %H:%M}", *("" if np.isnan(one) else f"{one:.6g}" for one in values)]
        for start, values in zip(table.starts, table.values.tolist(), strict=True)
    ]
    return shown + row_table([f"Start ({place})", *table.columns], cells, keeps_search=False)


def figure_texts(series: ReportSeries) -> list[str]:
    """Total, mean, lowest and highest value of a result with its unit, and how many of its steps have one.

    Shares and powers have no total. The mean is that of the steps, each counting as long as it lasts.
    """
    known = np.isfinite(series.values)
    count = f"{int(known.sum()):,} of {len(known):,}"
    if not known.any():
        return ["–", "–", "–", "–", count]
    values = series.values[known]
    weights = np.broadcast_to(series.hours, series.values.shape)[known]
    total = number_text(float(values.sum()), series.unit) if adds_up(series.unit) else "–"
    figures = (float(np.average(values, weights=weights)), float(values.min()), float(values.max()))
    return [total, *(number_text(figure, series.unit) for figure in figures), count]


def number_text(value: float, unit: str) -> str:
    """A value with its unit."""
    digits = 2 if unit.isalpha() and len(unit) == 3 and unit.isupper() else 3  # money
    text = f"{value:,.{digits}f}"
    return f"{'0' if float(text.replace(',', '')) == 0 else text} {unit}"


def figure_html(name: str, series: ReportSeries) -> Markup:
    """Bars of a result over its time, drawn from zero."""
    known = np.isfinite(series.values)
    low, high = min(float(series.values[known].min()), 0.0), max(float(series.values[known].max()), 0.0)
    scale, n = TALL / ((high - low) or 1.0), len(series.values)
    zero, width = high * scale, WIDE / n
    bars = []
    for at in np.flatnonzero(known).tolist():
        value = float(series.values[at])
        top, tall = min(zero, (high - value) * scale), abs(value) * scale
        text = f"{moment_text(series, at)}: {number_text(value, series.unit)}" if n <= MOST_LABELLED else ""
        x, wide = f"{at * width + 0.06 * width:.2f}", f"{0.88 * width:.2f}"
        bars.append({"x": x, "y": f"{top:.1f}", "wide": wide, "tall": f"{max(tall, 0.5):.1f}", "text": text})
    return render(
        "report_figure", name=name, unit=series.unit, bars=bars, zero=f"{zero:.1f}", size=(WIDE, TALL),
        high=number_text(high, series.unit), low=number_text(low, series.unit) if low < 0 else "",
        first=moment_text(series, 0), last=moment_text(series, n - 1),
    )  # fmt: skip


def moment_text(series: ReportSeries, at: int) -> str:
    """Start of a step on the clock of its place."""
    moment = from_us(int(series.starts[at])).astimezone(series.place)
    return f"{moment:%-d %b %Y}" if series.step.days else f"{moment:%-d %b %H:%M}"


def step_table(results: Mapping[str, ReportSeries]) -> StepTable:
    """All results beside each other, by step."""
    moments = np.unique(np.concatenate([np.empty(0, np.int64), *(one.starts for one in results.values())]))
    values = np.full((len(moments), len(results)), np.nan)
    for column, series in enumerate(results.values()):
        values[np.searchsorted(moments, series.starts), column] = series.values
    names = [f"{name} [{series.unit}]" for name, series in results.items()]
    return StepTable(columns=names, starts=[from_us(int(moment)) for moment in moments], values=values)


def report_file(results: Mapping[str, ReportSeries], kind: str, *, title: str) -> bytes:
    """File of a report: csv, xlsx or pdf."""
    table, file = step_table(results), BytesIO()
    place: Any = next((series.place for series in results.values()), datetime.now().astimezone().tzinfo)
    if kind == "csv":
        write_csv(table, place, file)
    elif kind == "xlsx":
        write_excel(table, place, file, sheet="report")
    else:
        write_pdf(table, place, file, title=title, summary=summary_lines(results))
    return file.getvalue()


def summary_lines(results: Mapping[str, ReportSeries]) -> Sequence[str]:
    """Totals, or means where there is no total, in columns."""
    lines = []
    for name, series in results.items():
        total, mean, _, _, known = figure_texts(series)
        word, text = ("Mean", mean) if total == "–" else ("Total", total)
        lines.append(f"{word:<6}{name[:30]:<32}{text:>20}{f'({known} steps)':>20}")
    return lines
