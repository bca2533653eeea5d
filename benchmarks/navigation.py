"""Measures moving from page to page in a real browser, on the demo: waits, messages, bytes, processor of the server.

python -m benchmarks.navigation    prints a table
"""

import os
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import perf_counter

import requests
from playwright.sync_api import CDPSession, Page, WebSocket, sync_playwright

from app.demo import building, toy
from db.core.database import Database
from db.migrations import upgrade
from tests.auth.test_sign_in import submit
from tests.browser.looking import sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import Api, server

TEXT = ("Assets", "Users", "Accounts", "Alerts", "Jobs", "Dashboard")
ROUNDS, ASKED = 10, 100
MANY, USERS, PAUSE = 200, 30, 3.0
"""Navigations in a row; people who have a page open, and how long each looks at it [s]."""
COUNTED = ("JSEventListeners", "Documents", "Nodes", "JSHeapUsedSize")
PATHS = ("/dashboard", "/assets", "/tasks", "/users", "/alerts", "/logged-in-user", "/assets/2?tab=audit",
         "/assets/2?tab=status", "/sensors/3?tab=statistics")  # fmt: skip


def click(page: Page, name: str) -> tuple[float, int]:
    """Return how long a click takes until the content is there [s], and the messages over the websocket meanwhile."""
    messages: list[object] = []

    def listen(socket: WebSocket) -> None:
        for way in ("framesent", "framereceived"):
            socket.on(way, lambda frame: messages.append(frame))

    page.on("websocket", listen)
    begun = perf_counter()
    page.locator("#menu").get_by_role("link", name=name).click()
    page.wait_for_function(f"document.querySelector('#heading')?.textContent === '{name}'")
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
    for domain in ("Network", "HeapProfiler"):
        network.send(f"{domain}.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    begun = perf_counter()
    page.goto("/assets")
    page.get_by_role("link", name="Home battery").wait_for()
    print(f"first visit, text page: {perf_counter() - begun:.2f} s, {sum(sizes) / 1e6:.2f} MB")
    page.wait_for_timeout(4000)
    print(f"with what is loaded while nothing happens: {sum(sizes) / 1e6:.2f} MB")
    for name in TEXT:
        waits = []
        for _ in range(ROUNDS):
            waits.append(click(page, name))
            click(page, "Users" if name != "Users" else "Assets")
        seconds = [wait for wait, _ in waits]
        median, slowest = statistics.median(seconds), max(seconds)
        print(f"{name}: median {median:.2f} s, slowest {slowest:.2f} s, {waits[-1][1]} frames")
    print(f"all: {sum(sizes) / 1e6:.2f} MB")
    for path in PATHS:
        print(f"server, {path}: {processor(site, path):.1f} ms")
    print("after 20 and", MANY, "navigations:", *(left_behind(page, network, count) for count in (20, MANY)))
    with ThreadPoolExecutor(USERS) as people:
        stop = Event()
        for _ in range(USERS):
            people.submit(look_around, site, stop)
        waits = [click(page, TEXT[number % len(TEXT)]) for number in range(3 * len(TEXT))]
        stop.set()
    seconds = sorted(wait for wait, _ in waits)
    print(f"click beside {USERS} people: median {statistics.median(seconds):.2f} s, slowest {seconds[-1]:.2f} s")


def left_behind(page: Page, network: CDPSession, count: int) -> dict[str, int]:
    """Return what a browser holds after so many navigations, garbage aside."""
    for number in range(count):
        click(page, TEXT[number % len(TEXT)])
    click(page, "Users")
    network.send("HeapProfiler.collectGarbage")
    network.send("Performance.enable")
    held = {each["name"]: int(each["value"]) for each in network.send("Performance.getMetrics")["metrics"]}
    found = {name: held[name] for name in COUNTED}
    return found | {"documents of Bokeh": page.evaluate("window.Bokeh?.documents.length ?? 0")}


def look_around(site: Api, stop: Event) -> None:
    """Be one of many people, each of whom opens another page now and then."""
    visitor = requests.Session()
    submit(visitor, f"{site.url}/login", email=toy.EMAIL, password=toy.PASSWORD)
    number = 0
    while not stop.wait(PAUSE):
        visitor.get(site.url + PATHS[number % len(PATHS)], headers={"HX-Request": "true"}, timeout=60)
        number += 1


if __name__ == "__main__":
    main()
