"""Measures the pages in a real browser: a year of 5-minute data of ten sensors, heatmap, zoom, replay.

python -m benchmarks.ui [FOLDER]    prints a table; the folder, if given, keeps the database
"""

import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.demo import toy
from app.demo.toy import add_asset, add_sensor
from db import beliefs, sources
from db.base import Database
from db.migrations import upgrade
from engine.window import Window
from tests.browser.conftest import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

STEP = timedelta(minutes=5)
YEAR, WEEK, SENSORS, REPLAYED, FORECASTS = timedelta(days=365), timedelta(days=7), 10, 5, 28
DRAWN = """() => typeof Bokeh !== "undefined" && Bokeh.documents.length > 0
  && Bokeh.documents.every((d) => d.is_idle)
  && Bokeh.documents.flatMap((d) => d.roots()).flatMap((root) => [...root.references()])
    .filter((m) => m.type === "Figure" && !m.properties.inner_width.is_unset).length >= %s"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
FRAMES = """() => { window.frames_ms = []; let last = performance.now()
  const tick = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(tick) }
  requestAnimationFrame(tick) }"""


def fill(database: Database) -> tuple[int, int]:
    """Add an asset with a year of data, and one with a week of forecasts made every six hours; return their ids."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    random = np.random.default_rng(1)
    with database.writing() as work:
        owner = toy.account(work)
        meter = sources.named(work, "meter", type="gateway")
        forecaster = sources.named(work, "Benchmark", type="forecaster", model="Noise", version="1")
        year, week = (add_asset(work, name, "building", account_id=owner.id) for name in ("Year", "Week"))
        window = Window(now - YEAR, now, STEP)
        for i in range(SENSORS):
            sensor = add_sensor(work, year, f"power {i}", "kW", STEP)
            values = 5 + np.sin(np.arange(window.n) / 288 * 2 * np.pi) * 4 + random.normal(size=window.n)
            beliefs.write(work, sensor, meter, events=window.starts, values=values.round(3), known_at=window.ticks[1:])
        year.sensors_to_show = list(range(sensor.id - SENSORS + 1, sensor.id + 1))
        quarters = Window(now - WEEK, now, timedelta(minutes=15))
        for i in range(REPLAYED):
            sensor = add_sensor(work, week, f"power {i}", "kW", timedelta(minutes=15))
            for made in range(FORECASTS):
                at = quarters.start + made * timedelta(hours=6) - timedelta(days=1)
                ahead = quarters.starts[(quarters.starts >= at.timestamp() * 1e6)]
                values = random.normal(size=len(ahead)).round(3)
                beliefs.write(work, sensor, forecaster, events=ahead, values=values, known_at=at)
        week.sensors_to_show = list(range(sensor.id - REPLAYED + 1, sensor.id + 1))
        return year.id, week.id


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


def measure(site: Api, year: int, week: int) -> dict[str, str]:
    """Return what was measured, by name."""
    now = datetime.now(UTC)
    start = (now - YEAR).strftime("%Y-%m-%dT00:00:00Z")
    whole = f"start={start}&end={now:%Y-%m-%dT00:00:00Z}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}).new_page()
        sign_in(page, f"{site.url}/logged-in-user")
        page.get_by_role("heading", name="You").wait_for()
        first = opened(page, f"/assets/{year}?{whole}", SENSORS)
        again = min(opened(page, f"/assets/{year}?{whole}", SENSORS) for _ in range(3))
        zoom = worst_frame(page)
        sensor = page.evaluate("location.pathname").rsplit("/", 1)[1]
        heat = min(opened(page, f"/sensors/{sensor}?tab=heatmap&days=366&rows={rows}", 1)[1] for _ in range(3))
        page.goto(f"/assets/{week}?tab=replay&start={(now - WEEK):%Y-%m-%dT%H:00:00Z}&end={now:%Y-%m-%dT%H:00:00Z}")
        page.wait_for_function(DRAWN % REPLAYED, timeout=60_000)
        frames = replayed(page)
        browser.close()
    return {
        "first paint, first visit of the page": f"{first[0]:.2f} s",
        "first paint, warm": f"{again[0]:.2f} s",
        "year of 10 sensors drawn, first": f"{first[1]:.2f} s",
        "year of 10 sensors drawn, warm": f"{again[1]:.2f} s",
        "worst frame while zooming in it": f"{zoom:.0f} ms",
        "heatmap, 13 weeks of 5-minute data": f"{heat:.2f} s",
        "replay, 5 sensors, 7 days, 28 forecasts": f"{frames:.1f} frames/s",
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(sys.argv[1] if len(sys.argv) > 1 else folder)
        url = f"sqlite:///{place / 'flexscope.db'}"
        upgrade(url)
        ids = fill(Database(url))
        with server(url, place) as site:
            for name, value in measure(site, *ids).items():
                print(f"| {name} | {value} |")
    print(f"load of the machine meanwhile: {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
