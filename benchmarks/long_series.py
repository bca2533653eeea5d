"""Measures zooming into ten million points: on the server, on the wire, and in a real browser until it has redrawn.

python -m benchmarks.long_series
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

import numpy as np
import panel as pn
from playwright.sync_api import Page, sync_playwright

from components.charts.time_series import TimeSeries
from components.charts.traces import MOST_POINTS, Chart, Trace
from tests.conftest import ARGUMENTS

POINTS, STEP_US, PORT, ROUNDS = 10_000_000, 10_000_000, 5690, 12
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001)
REDRAW = """([start, end]) => new Promise((done) => {
  const models = [...Bokeh.documents[0].roots()].flatMap((root) => [...root.references()])
  const plot = models.find((model) => model.type === "Figure")
  const source = plot.renderers[0].data_source, begun = performance.now()
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    source.properties.data.change.disconnect(drawn)
    done(performance.now() - begun)
  }))
  source.properties.data.change.connect(drawn)
  plot.x_range.setv({start, end})
  plot.trigger_event(new (Bokeh.require("core/bokeh_events").RangesUpdate)(start, end, 0, 1))
})"""


def line() -> Trace:
    """Three years of values every ten seconds, with a hole and a spike."""
    values = np.random.default_rng(1).normal(size=POINTS).cumsum()
    values[POINTS // 3 : POINTS // 3 + 50_000], values[POINTS // 7] = np.nan, 30_000.0
    events = np.arange(POINTS, dtype=np.int64) * STEP_US
    return Trace(label="Power", unit="kW", events=events, values=values, step=timedelta(seconds=10), known=events)


def spans() -> list[tuple[float, int, int]]:
    """Time ranges to look at: the share of all, first and last moment [µs]."""
    whole = POINTS * STEP_US
    return [(share, int(whole * 0.4 * (1 - share)), int(whole * (0.4 * (1 - share) + share))) for share in SHARES]


def on_server(shown: Trace) -> list[tuple[float, float]]:
    """Milliseconds and kB of the points of each time range."""
    found = []
    for _, start, end in spans():
        took = list[float]()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            columns = shown.points(start, end, MOST_POINTS)
            took.append(1000 * (time.perf_counter() - begun))
        size = sum(column.nbytes if name in ("x", "known") else column.nbytes / 2 for name, column in columns.items())
        found.append((median(took), size / 1000))
    return found


def in_browser(page: Page, sent: list[int]) -> list[tuple[Sequence[float], float]]:
    """Milliseconds until each time range is redrawn, and kB over the websocket."""
    found: list[tuple[Sequence[float], float]] = []
    for _, start, end in spans():
        took = list[float]()
        sent.clear()
        for turn in range(ROUNDS):
            shift = (turn + 1) * (end - start) / 100  # another part each time, else nothing is drawn anew
            took.append(page.evaluate(REDRAW, [(start + shift) / 1000, (end + shift) / 1000]))
            page.wait_for_timeout(50)
        found.append((took, sum(sent) / ROUNDS / 1000))
    return found


def main() -> None:
    """Print a table."""
    begun = time.perf_counter()
    shown = line()
    shown.points(0, POINTS * STEP_US, MOST_POINTS)
    print(f"made and summed up: {time.perf_counter() - begun:.1f} s")
    server = pn.serve(
        {"/": lambda: TimeSeries(charts=[Chart(title="Power", traces=[shown])]).__panel__()},
        port=PORT, show=False, threaded=True,
    )  # fmt: skip
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
            page, sent = browser.new_page(viewport={"width": 1440, "height": 900}), list[int]()
            page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: sent.append(len(frame))))
            page.goto(f"http://localhost:{PORT}/")
            page.locator(".bk-Figure").wait_for()
            page.wait_for_timeout(2000)
            seen = in_browser(page, sent)
            browser.close()
    finally:
        server.stop()
    print("| share in view | server | points | redrawn: median, slowest | over the websocket |\n|--:|--:|--:|--:|--:|")
    for share, (took, size), (waits, wire) in zip(SHARES, on_server(shown), seen, strict=True):
        slowest = max(waits)
        print(f"| {share:g} | {took:.2f} ms | {size:.0f} kB | {median(waits):.0f}, {slowest:.0f} ms | {wire:.0f} kB |")


if __name__ == "__main__":
    main()
