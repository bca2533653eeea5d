"""Measures the pages in a real browser: a year of 5-minute data of ten sensors, heatmap, zoom, replay.

python -m benchmarks.ui [FOLDER]    prints a table; the folder, if given, keeps the database
"""

import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.demo import toy
from app.demo.toy import add_asset, add_sensor
from benchmarks import ui_bare
from benchmarks.ui_cpu import Meter
from db import sources
from db.beliefs import store
from db.core.database import Database
from db.migrations import upgrade
from engine.series.window import Window
from tests.browser.looking import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

STEP = timedelta(minutes=5)
YEAR, WEEK, SENSORS, REPLAYED, FORECASTS = timedelta(days=365), timedelta(days=7), 10, 5, 28
IN_VIEW = 4
"""Charts of a page that are built before a person scrolls."""
DRAWN = """() => typeof Bokeh !== "undefined" && Bokeh.documents.length > 0
  && Bokeh.documents.every((d) => d.is_idle)
  && Bokeh.documents.flatMap((d) => d.roots()).flatMap((root) => [...root.references()])
    .filter((m) => m.type === "Figure" && !m.properties.inner_width.is_unset).length >= %s"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
FRAMES = """() => { window.frames_ms = []; let last = performance.now()
  const tick = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(tick) }
  requestAnimationFrame(tick) }"""


class Ids(NamedTuple):
    """What was added."""

    year: int
    """Asset with a year of data."""
    sensor: int
    """One of its sensors."""
    week: int
    """Asset with a week of forecasts made every six hours."""


def line(n: int, random: np.random.Generator) -> np.ndarray:
    """Return a power with the rhythm of days [kW]."""
    return (5 + np.sin(np.arange(n) / 288 * 2 * np.pi) * 4 + random.normal(size=n)).round(3)


def fill(database: Database) -> Ids:
    """Add the data."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    random = np.random.default_rng(1)
    with database.writing() as session:
        owner = toy.account(session)
        meter = sources.named(session, "meter", type="gateway")
        forecaster = sources.named(session, "Benchmark", type="forecaster", model="Noise", version="1")
        year, week = (add_asset(session, name, "building", account_id=owner.id) for name in ("Year", "Week"))
        window = Window(now - YEAR, now, STEP)
        for i in range(SENSORS):
            sensor = add_sensor(session, year, f"power {i}", "kW", STEP)
            values = line(window.n, random)
            store.write(session, sensor, meter, events=window.starts, values=values, known_at=window.ticks[1:])
        of_year = sensor.id
        year.sensors_to_show = list(range(sensor.id - SENSORS + 1, sensor.id + 1))
        quarters = Window(now - WEEK, now, timedelta(minutes=15))
        for i in range(REPLAYED):
            sensor = add_sensor(session, week, f"power {i}", "kW", timedelta(minutes=15))
            for made in range(FORECASTS):
                at = quarters.start + made * timedelta(hours=6) - timedelta(days=1)
                ahead = quarters.starts[(quarters.starts >= at.timestamp() * 1e6)]
                values = random.normal(size=len(ahead)).round(3)
                store.write(session, sensor, forecaster, events=ahead, values=values, known_at=at)
        week.sensors_to_show = list(range(sensor.id - REPLAYED + 1, sensor.id + 1))
        return Ids(year.id, of_year, week.id)


def opened(page: Page, path: str, figures: int) -> tuple[float, float]:
    """Return seconds from navigation to the first paint, and to all charts drawn."""
    begin = perf_counter()
    page.goto(path)
    page.wait_for_function(DRAWN % figures, timeout=60_000)
    return page.evaluate(PAINT) / 1000, perf_counter() - begin


def worst_frame(page: Page) -> float:
    """Return the longest frame [ms] while a person zooms with eight turns of the wheel."""
    page.locator(".bk-Figure").first.hover()
    page.evaluate(FRAMES)
    page.keyboard.down("Control")
    for _ in range(8):
        page.mouse.wheel(0, -120)
        page.wait_for_timeout(60)
    page.keyboard.up("Control")
    page.wait_for_timeout(1500)
    return float(page.evaluate("Math.max(...window.frames_ms.slice(1))"))


def replayed(page: Page) -> float:
    """Return frames of a replay that reach the screen per second."""
    page.get_by_role("button", name="First frame").click()
    page.wait_for_timeout(500)
    label = page.get_by_role("status").filter(has_text="Known at")
    page.evaluate("""() => { window.seen = 0; const f = Bokeh.documents.flatMap((d) => d.roots())
      .flatMap((r) => [...r.references()]).find((m) => m.type === "Figure")
      f.renderers[0].data_source.properties.data.change.connect(() => window.seen++) }""")
    begin, before = perf_counter(), label.inner_text()
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(3000)
    if label.inner_text() == before:
        return float("nan")
    return float(page.evaluate("window.seen")) / (perf_counter() - begin)


def measure(site: Api, ids: Ids, bare: str) -> dict[str, str]:
    """Return what was measured, by name; where it is a page, with the processor time it took."""
    now = datetime.now(UTC)
    whole = f"start={now - YEAR:%Y-%m-%dT00:00:00Z}&end={now:%Y-%m-%dT00:00:00Z}"
    shown = f"/assets/{ids.year}?{whole}"
    week = f"start={now - WEEK:%Y-%m-%dT%H:00:00Z}&end={now:%Y-%m-%dT%H:00:00Z}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}).new_page()
        plain = min(opened(page, bare, SENSORS)[1] for _ in range(3)), worst_frame(page)
        sign_in(page, f"{site.url}/logged-in-user")
        page.get_by_role("heading", name="You").wait_for()
        first = opened(page, shown, IN_VIEW)
        again = min(opened(page, shown, IN_VIEW) for _ in range(4))
        drawn, cost = best(page, site, shown, IN_VIEW)
        below = min(_scrolled(page, shown) for _ in range(2))
        zoom = min(_zoomed(page, shown) for _ in range(3))
        heat = [best(page, site, heatmap(ids, rows), 1) for rows in (1, 7)]
        opened(page, f"/assets/{ids.week}?tab=replay&{week}", REPLAYED)
        frames = max(replayed(page) for _ in range(3))
        browser.close()
    return {
        "first paint, first visit of the page": f"{first[0]:.2f} s",
        "first paint, warm": f"{again[0]:.2f} s",
        "bare Bokeh page of ten charts": f"{plain[0]:.2f} s",
        "page of ten charts with a year of 5-minute data, first visit, those in view": f"{first[1]:.2f} s",
        "the same, warm": f"{drawn:.2f} s ({drawn / plain[0]:.1f} × bare); {cost}",
        "the other six, after a jump to the end of the page": f"{below:.2f} s",
        "worst frame while zooming in the bare page": f"{plain[1]:.0f} ms",
        "worst frame while zooming in ours": f"{zoom:.0f} ms ({zoom / plain[1]:.1f} × bare)",
        "heatmap of a year of 5-minute data, days": f"{heat[0][0]:.2f} s; {heat[0][1]}",
        "the same, weeks": f"{heat[1][0]:.2f} s; {heat[1][1]}",
        "replay, 5 sensors, 7 days, 28 forecasts": f"{frames:.1f} frames/s",
    }


def best(page: Page, site: Api, path: str, figures: int) -> tuple[float, str]:
    """Return seconds until the charts are drawn, and the processor time it took, of the best of four visits."""
    tried = []
    for _ in range(4):
        meter = Meter(site.pid)
        tried.append((opened(page, path, figures)[1], meter.summary()))
    return min(tried)


def _scrolled(page: Page, path: str) -> float:
    """Return seconds from a jump to the end of the page until all its charts are drawn."""
    opened(page, path, IN_VIEW)
    page.wait_for_timeout(1500)
    begin = perf_counter()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_function(DRAWN % SENSORS, timeout=60_000)
    return perf_counter() - begin


def _zoomed(page: Page, path: str) -> float:
    opened(page, path, IN_VIEW)
    return worst_frame(page)


def heatmap(ids: Ids, rows: int) -> str:
    """Return the address of the heatmap of a year, with rows of 1 or 7 days."""
    return f"/sensors/{ids.sensor}?tab=heatmap&days=366&rows={rows}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(sys.argv[1] if len(sys.argv) > 1 else folder)
        url = f"sqlite:///{place / 'flexscope.db'}"
        upgrade(url)
        ids = fill(Database(url))
        now, random = datetime.now(UTC), np.random.default_rng(1)
        window = Window(now - YEAR, now, STEP)
        bare = ui_bare.page(place, window, [line(window.n, random) for _ in range(SENSORS)])
        with server(url, place) as site:
            for name, value in measure(site, ids, bare).items():
                print(f"| {name} | {value} |")
    print(f"load of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
