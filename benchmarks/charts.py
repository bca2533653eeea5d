"""Measures charts that no session answers, in a real browser: opening them, and zooming into ten million values.

python -m benchmarks.charts    prints a table
"""

import os
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from playwright.sync_api import Page, Response, sync_playwright

from app.demo import building, toy
from db import sources
from db.beliefs import store
from db.core.database import Database
from db.migrations import upgrade
from db.sensors import Sensor
from tests.browser.looking import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

VALUES, STEP, PART, ROUNDS = 10_000_000, timedelta(seconds=10), 500_000, 7
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001, 0.0001)
DRAWN = """() => (window.Bokeh?.documents ?? []).some((d) => d.get_model_by_name("figure 0") && d.is_idle)"""
REDRAW = """([start, end]) => new Promise((done) => {
  const shown = Bokeh.documents.find((one) => one.get_model_by_name("time"))
  const begun = performance.now()
  const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    document.removeEventListener("charts:shown", drawn)
    done(performance.now() - begun)
  }))
  document.addEventListener("charts:shown", drawn)
  shown.get_model_by_name("time").setv({start, end})
})"""


def fill(database: Database, start: datetime) -> int:
    """Add a sensor with ten million values; return its id."""
    step = STEP // timedelta(microseconds=1)
    values = np.random.default_rng(1).normal(size=VALUES).cumsum()
    with database.writing() as session:
        home = building.house(session)
        assert home is not None
        sensor = Sensor(name="long", asset_id=home.id, unit="kW", resolution=STEP)
        session.add(sensor)
        session.flush()
        key = sensor.id
    first = int(start.timestamp() * 1e6)
    for at in range(0, VALUES, PART):
        with database.writing() as session:
            events = first + step * np.arange(at, min(at + PART, VALUES), dtype=np.int64)
            source = sources.named(session, "meter", type="script")
            known = events + step
            store.write(session, session.get_one(Sensor, key), source, events=events, values=values[at : at + PART],
                        known_at=known)  # fmt: skip
    return key


def opening(page: Page, site: Api, path: str) -> None:
    """Print what a click on the tab Graphs takes until the charts are drawn, with requests and bytes."""
    answers: list[Response] = []
    waits, costs = list[float](), list[float]()
    page.on("response", lambda answer: answers.append(answer))
    for _ in range(ROUNDS):
        page.goto(f"{path}?tab=properties")
        page.get_by_role("button", name="Save", exact=True).wait_for()
        page.wait_for_timeout(1500)
        answers.clear()
        before = site.computed()
        waits.append(page.evaluate(f"""() => new Promise((done) => {{
          const begun = performance.now(), drawn = {DRAWN}
          document.addEventListener("charts:shown", () => requestAnimationFrame(() => requestAnimationFrame(() => {{
            if (drawn()) done(performance.now() - begun)
          }})))
          document.querySelector("[role=tab]").click()
        }})"""))  # fmt: skip
        page.wait_for_timeout(300)
        costs.append(1000 * (site.computed() - before))
    sizes = [int(answer.headers.get("content-length", 0)) for answer in answers]
    print(f"click to charts: {statistics.median(waits):.0f}, {max(waits):.0f} ms; {len(answers)} requests, "
          f"{sum(sizes) / 1000:.0f} kB; server {statistics.median(costs):.0f} ms of processor time")  # fmt: skip


def zooming(page: Page, site: Api, sensor: int, start: datetime) -> None:
    """Print what each zoom takes, by the share of all values in view."""
    page.goto(f"/sensors/{sensor}?start={start:%Y-%m-%d}T00:00:00Z&end={start + timedelta(days=1):%Y-%m-%d}T00:00:00Z")
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1000)
    sizes: list[int] = []

    def note(answer: Response) -> None:
        if "data=charts" in answer.url:
            sizes.append(int(answer.headers.get("content-length", 0)))

    page.on("response", note)
    first, whole = start.timestamp() * 1000, VALUES * STEP / timedelta(milliseconds=1)
    print("| share in view | redrawn: first, median, slowest | server, processor | on the wire |\n|--:|--:|--:|--:|")
    for share in SHARES:
        waits: list[Any] = []
        sizes.clear()
        before = site.computed()
        for turn in range(ROUNDS):
            begin = first + whole * (0.4 * (1 - share) + 0.002 * share * turn)
            waits.append(page.evaluate(REDRAW, [begin, begin + whole * share]))
            page.wait_for_timeout(100)
        cost = 1000 * (site.computed() - before) / ROUNDS
        told = f"{waits[0]:.0f}, {statistics.median(waits[1:]):.0f}, {max(waits[1:]):.0f} ms"
        print(f"| {share:g} | {told} | {cost:.0f} ms | {statistics.mean(sizes) / 1000:.0f} kB |")


def main() -> None:
    """Print figures and tables."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = f"sqlite:///{folder}/flexscope.db"
        upgrade(url)
        database, start = Database(url), datetime(2023, 1, 1, tzinfo=UTC)
        building.load(database, now=datetime.now(UTC))
        begun = process_time()
        sensor = fill(database, start)
        print(f"ten million values written in {process_time() - begun:.0f} s of processor time")
        with database.reading() as session:
            home = building.house(session)
            assert home is not None
            house = home.id
        database.close()
        print(f"load {os.getloadavg()[0]:.1f}")
        with server(url, Path(folder)) as site:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            page = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900}).new_page()
            sign_in(page, f"{site.url}/accounts", toy.EMAIL)
            opening(page, site, f"/assets/{house}")
            zooming(page, site, sensor, start)
            browser.close()
        print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
