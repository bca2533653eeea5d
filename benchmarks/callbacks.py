"""How fast a page answers while others make the server work: a search box whose text the server puts into the address.

    python -m benchmarks.callbacks

A real browser with a real session; the round trip ends when the server's answer has changed the address. It is
measured in the page, alone and while twenty clients of the API ask for plans and for years of data.
"""

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, sync_playwright

from app.demo import toy
from benchmarks.ui import YEAR, fill
from db.core.database import Database
from db.migrations import upgrade
from tests.browser.looking import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

CLIENTS, TURNS = 20, 25
ASK = """(text) => new Promise((done) => {
  let box = document.activeElement, begin = performance.now()
  while (box.shadowRoot) box = box.shadowRoot.activeElement
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, text)
  box.dispatchEvent(new Event("input", { bubbles: true }))
  const look = () => location.search.includes("=" + text) ? done(performance.now() - begin) : setTimeout(look, 1)
  look()
})"""


class Clients:
    """Ask the API for something slow, again and again, until the block ends."""

    def __init__(self, site: Api, asset: int, sensor: int) -> None:
        self.site, self.asset, self.sensor = site, asset, sensor
        self.stopped, self.answers = threading.Event(), 0
        body = {"email": toy.EMAIL, "password": toy.PASSWORD}
        self.token = requests.post(f"{site.url}/api/requestAuthToken", json=body, timeout=60).json()["auth_token"]
        self.threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> "Clients":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _ask(self, number: int) -> None:
        http = requests.Session()
        http.headers["Authorization"] = self.token
        start = time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - YEAR.total_seconds()))
        while not self.stopped.is_set():
            answer = self._plan(http) if number % 2 else self._year(http, start)
            assert answer.status_code in (200, 429), answer.text
            self.answers += 1

    def _year(self, http: requests.Session, start: str) -> requests.Response:
        url = f"{self.site.url}/api/v3_0/sensors/{self.sensor}/data"
        return http.get(url, params={"start": start, "duration": "P364D", "unit": "kW"}, timeout=120)

    def _plan(self, http: requests.Session) -> requests.Response:
        model = {"sensor": self.sensor, "soc-at-start": "2 kWh", "soc-min": "0 kWh", "soc-max": "10 kWh"}
        body: dict[str, Any] = {"start": time.strftime("%Y-%m-%dT00:00:00Z"), "duration": "P2D", "resolution": "PT5M"}
        body["flex-model"] = [model | {"power-capacity": "5 kW"}]
        body["flex-context"] = {"consumption-price": "0.3 EUR/kWh", "site-power-capacity": "50 kW"}
        return http.post(f"{self.site.url}/api/v3_0/assets/{self.asset}/schedules/preview", json=body, timeout=120)


def round_trips(page: Page) -> list[float]:
    """Return how long each of some changes took [ms]."""
    page.get_by_label("Search").click()
    took = []
    for turn in range(TURNS + 3):
        took.append(float(page.evaluate(ASK, f"word{turn}")))
        page.wait_for_timeout(100)
    return took[3:]


def summary(name: str, took: list[float]) -> str:
    """Return a line of the table."""
    return f"| {name} | {statistics.median(took):.0f} ms | {statistics.quantiles(took, n=20)[18]:.0f} ms |"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        url = f"sqlite:///{place / 'flexscope.db'}"
        upgrade(url)
        ids = fill(Database(url))
        with server(url, place) as site:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            page = browser.new_context(base_url=site.url).new_page()
            sign_in(page, f"{site.url}/assets")
            page.get_by_label("Search").wait_for(timeout=60_000)
            print(f"load {os.getloadavg()[0]:.1f}")
            print(summary("alone", round_trips(page)), flush=True)
            with Clients(site, ids.year, ids.sensor) as clients:
                begun = time.perf_counter()
                took = round_trips(page)
                rate = clients.answers / (time.perf_counter() - begun)
            print(summary(f"with {CLIENTS} clients ({rate:.0f} answers a second)", took))
            print(f"load {os.getloadavg()[0]:.1f}")
            browser.close()


if __name__ == "__main__":
    main()
