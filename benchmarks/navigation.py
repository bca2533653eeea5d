"""Measures moving from page to page in a real browser, on the demo: waits, messages, bytes, processor of the server.

python -m benchmarks.navigation    prints a table
"""

import os
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import requests
from playwright.sync_api import Page, WebSocket, sync_playwright

from app.demo import building, toy
from db.core.database import Database
from db.migrations import upgrade
from tests.auth.test_sign_in import submit
from tests.browser.looking import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

TEXT = ("Assets", "Users", "Accounts", "Alerts")
LIVE = ("Dashboard", "Jobs")
ROUNDS, ASKED = 5, 100
DRAWN = """() => !document.querySelector(".skeleton") && Bokeh.documents.every((d) => d.is_idle)
  && document.querySelector(".live > div")"""


def click(page: Page, name: str, *, live: bool) -> tuple[float, int]:
    """Return how long a click takes until the content is there [s], and the messages over the websocket meanwhile."""
    messages: list[object] = []

    def listen(socket: WebSocket) -> None:
        for way in ("framesent", "framereceived"):
            socket.on(way, lambda frame: messages.append(frame))

    page.on("websocket", listen)
    begun = perf_counter()
    page.locator("#menu").get_by_role("link", name=name).click()
    page.wait_for_function(f"document.querySelector('#heading')?.textContent === '{name}'")
    if live:
        page.wait_for_function(DRAWN)
    took = perf_counter() - begun
    page.remove_listener("websocket", listen)
    return took, len(messages)


def processor(site: Api, path: str) -> float:
    """Return what one page costs the server, its queries included [ms of processor time]."""
    visitor = requests.Session()
    submit(visitor, f"{site.url}/login", email=toy.EMAIL, password=toy.PASSWORD)
    headers = {"HX-Request": "true"}
    visitor.get(site.url + path, headers=headers, timeout=60)
    before = site.computed()
    for _ in range(ASKED):
        visitor.get(site.url + path, headers=headers, timeout=60)
    return 1000 * (site.computed() - before) / ASKED


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = f"sqlite:///{folder}/flexscope.db"
        upgrade(url)
        database = Database(url)
        building.load(database, now=datetime.now(UTC))
        database.close()
        print(f"load {os.getloadavg()[0]:.1f}")
        with server(url, Path(folder)) as site:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
            context = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900})
            page = context.new_page()
            sign_in(page, f"{site.url}/accounts")
            page.close()
            page = context.new_page()
            measure(page, site)
            browser.close()
        print(f"load {os.getloadavg()[0]:.1f}")


def measure(page: Page, site: Api) -> None:
    """Print the table."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    begun = perf_counter()
    page.goto("/assets")
    page.get_by_role("link", name="Home battery").wait_for()
    print(f"first visit, text page: {perf_counter() - begun:.2f} s, {sum(sizes) / 1e6:.2f} MB")
    page.wait_for_timeout(4000)
    print(f"with what is loaded while nothing happens: {sum(sizes) / 1e6:.2f} MB")
    for live, names in ((False, TEXT), (True, LIVE)):
        for name in names:
            waits = []
            for _ in range(ROUNDS):
                waits.append(click(page, name, live=live))
                click(page, "Users" if name != "Users" else "Assets", live=False)
            seconds = [wait for wait, _ in waits]
            median, slowest = statistics.median(seconds), max(seconds)
            print(f"{name}: median {median:.2f} s, slowest {slowest:.2f} s, {waits[-1][1]} frames")
    print(f"all: {sum(sizes) / 1e6:.2f} MB")
    for path in ("/assets", "/users", "/alerts", "/assets/2?tab=audit"):
        print(f"server, {path}: {processor(site, path):.1f} ms")


if __name__ == "__main__":
    main()
