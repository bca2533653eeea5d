"""The page of an asset with ten sensors, a year of 5-minute values each: FlexMeasures' and ours, in the same browser.

    PEER_PYTHON=… python -m benchmarks.ui_flexmeasures NODE_MODULES

Its page asks other hosts for some twenty scripts. Here they come from a folder into which npm has installed them
(vega, vega-lite, vega-embed, echarts, currency-symbol-map, @json-editor/json-editor, leaflet, bootstrap, d3,
ion-rangeslider, litepicker, jquery, datatables.net, jstimezonedetect, in the versions its settings name), without the
time a network takes.
"""

import os
import re
import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from mimetypes import guess_type
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import orjson
from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.api import START, fill
from benchmarks.beside_flexmeasures import Side, sensor, sides
from benchmarks.ui import DRAWN, IN_VIEW, PAINT
from benchmarks.ui_cpu import of_browser
from tests.conftest import ARGUMENTS
from tests.http.serving import PASSWORD, email

SENSORS, VISITS, SETTLED = 10, 4, 2.5
"""Processor time is counted until so long after the charts are there [s]."""
END = START + timedelta(days=365)
ELSEWHERE = {
    "jquery-3.5.1.min.js": "jquery/dist/jquery.min.js", "d3.v6.min.js": "d3/dist/d3.min.js",
    "jstz.js": "jstimezonedetect/dist/jstz.js", "jquery.dataTables.min.js": "datatables.net/js/jquery.dataTables.js",
    "dataTables.min.js": "datatables.net/js/jquery.dataTables.js",
}  # fmt: skip
"""Scripts that come from hosts which do not name packages."""
PLOTTED = """() => { const place = document.getElementById("fast-chart-container")
  const chart = place && window.echarts && echarts.getInstanceByDom(place)
  return chart && chart.getOption().series.filter((s) => s.data?.length > 1000).length >= %s }"""
"""Whether FlexMeasures' chart, a canvas of ECharts, has its lines."""


def prepare(side: Side) -> None:
    """Give an asset ten sensors with a year of values, and show them."""
    keys = [sensor(side, f"power {number}") for number in range(SENSORS)]
    for key in keys:
        fill(side.api, key)
    answer = side.api.ask("PATCH", f"/assets/{side.battery}", json={"sensors_to_show": orjson.dumps(keys).decode()})
    assert answer.ok, answer.text


def stand_in(folder: Path) -> Callable[[Route], None]:
    """Return what answers for other hosts, from packages in a folder; what is not there is empty."""

    def answer(route: Route) -> None:
        address = urlsplit(route.request.url)
        found = re.match(r"/(?:npm/)?((?:@[^/]+/)?[^/@]+)(?:@[^/]+)?(/.*)?$", address.path)
        name = ELSEWHERE.get(address.path.rpartition("/")[2])
        if name is None and found is not None:
            package, path = found.groups()
            about = folder / package / "package.json"
            name = package + (path or f"/{orjson.loads(about.read_bytes())['jsdelivr']}" if about.exists() else "/-")
        file = folder / (name or "-")
        kind = guess_type(address.path)[0] or "text/javascript"
        body = file.read_bytes() if file.is_file() else b""
        route.fulfill(body=body, content_type=kind, headers={"Access-Control-Allow-Origin": "*"})

    return answer


def begin(page: Page, side: Side, packages: Path) -> tuple[str, str]:
    """Sign in; return the address of the page, and what holds once its charts are drawn."""
    theirs = side.name == "FlexMeasures"
    user = ("toy-user@flexmeasures.io", "toy-password") if theirs else (email("boss"), PASSWORD)
    if theirs:
        page.route(re.compile(r"^https://"), stand_in(packages))
    page.goto(f"{side.api.url}/login")
    for name, value in zip(("email", "password"), user, strict=True):
        page.locator(f"input[name={name}]").fill(value)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    address = f"{side.api.url}/assets/{side.battery}"
    if theirs:
        return f"{address}/graphs?start_time={_said(START)}&end_time={_said(END)}", PLOTTED % SENSORS
    return f"{address}?start={_said(START)}&end={_said(END)}", DRAWN % IN_VIEW


def _said(moment: object) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}%2B00:00"


def visit(page: Page, side: Side, address: str, drawn: str) -> tuple[float, float, float, float]:
    """Return seconds to the first paint and to the charts, and processor time of server and browser [s]."""
    server, browser, begun = side.clocks(), of_browser(), perf_counter()
    page.goto(address)
    page.wait_for_function(drawn, timeout=180_000)
    took, paint = perf_counter() - begun, float(page.evaluate(PAINT)) / 1000
    page.wait_for_timeout(SETTLED * 1000)
    used = sum(now - server.get(pid, 0) for pid, now in side.clocks().items()) / 1000
    return paint, took, used, sum(max(now - browser.get(pid, 0), 0) for pid, now in of_browser().items())


def main(packages: Path) -> None:
    with sides() as servers, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        print("| Server | first paint | charts drawn | server, processor | browser, processor |\n|---|--:|--:|--:|--:|")
        for side in servers:
            prepare(side)
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            address, drawn = begin(page, side, packages)
            visits = [visit(page, side, address, drawn) for _ in range(VISITS + 1)][1:]
            middle = [statistics.median(column) for column in zip(*visits, strict=True)]
            print(f"| {side.name} | {' | '.join(f'{value:.2f} s' for value in middle)} |", flush=True)
            page.screenshot(path=f"/tmp/{side.name}.png") if os.environ.get("KEEP_PICTURES") else None
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
