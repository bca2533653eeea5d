"""Takes the pictures in this folder, of a demo that it starts itself; all of them, or those with some names.

python docs/screenshots/take.py [name ...]
"""

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.demo.building import load
from db.core.database import Database
from db.migrations import upgrade
from tests.browser.looking import HOST, add_host, add_job, addresses, settle, sign_in
from tests.conftest import ARGUMENTS
from tests.http.serving import server

expect.set_options(timeout=60_000)  # a busy machine is slow, not wrong
FOLDER = Path(__file__).parent
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
VIEWS = [(size, dark) for dark in (False, True) for size in ("phone", "desktop", "tablet")]
BEFORE = {"login": "/login", "forgot-password": "/forgot-password"}
"""Pages for those who have not signed in."""
ASSET, SENSOR = "/assets/{id:int}", "/sensors/{id:int}"
PAGES: dict[str, tuple[str, str]] = {
    "dashboard": ("/dashboard", ""),
    "assets": ("/assets", ""),
    "new-asset": ("/assets/new", ""),
    "graphs": (ASSET, "graphs"),
    "graph-editor": (ASSET, "graphs"),
    "plan": (ASSET, "plan"),
    "replay": (ASSET, "replay"),
    "context": (ASSET, "context"),
    "properties": (ASSET, "properties"),
    "status": (ASSET, "status"),
    "automations": (ASSET, "automations"),
    "audit": (ASSET, "audit"),
    "chart": (SENSOR, "chart"),
    "bars": (SENSOR, "bars"),
    "heatmap": (SENSOR, "heatmap"),
    "distribution": (SENSOR, "distribution"),
    "statistics": (SENSOR, "statistics"),
    "data": (SENSOR, "data"),
    "settings": (SENSOR, "settings"),
    "tasks": ("/tasks", ""),
    "job": ("/tasks/{job}", ""),
    "alerts": ("/alerts", ""),
    "users": ("/users", ""),
    "user": ("/users/{id:int}", ""),
    "accounts": ("/accounts", ""),
    "account": ("/accounts/{id:int}", ""),
    "me": ("/logged-in-user", ""),
    "server": ("/status", ""),
    "api-docs": ("/api/v3_0/docs", ""),
}
"""Name of a picture → route and tab of what it shows; the graph editor is opened by a click."""


def main(names: list[str]) -> None:
    """Start a demo and a browser, and take the pictures."""
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        database = demo(Path(folder))
        url = database.url.render_as_string(hide_password=False)
        with server(url, Path(folder)) as running:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            for size, dark in VIEWS:
                one_size(browser, running.url, addresses(database), names, size, dark)
            browser.close()
        database.close()


def demo(folder: Path) -> Database:
    """Return a database with the demo as of now, and somebody who may see every page."""
    upgrade(f"sqlite:///{folder}/demo.db")
    opened = Database(f"sqlite:///{folder}/demo.db")
    load(opened, now=datetime.now(UTC))
    with opened.writing() as session:
        add_host(session)
        add_job(session)
    return opened


def one_size(browser: Browser, root: str, known: dict[str, str], names: list[str], size: str, dark: bool) -> None:
    """Take the pictures of one size, in light or in dark mode."""
    width, height = SIZES[size]
    agent = {"user_agent": "Chrome Mobile Mobi"} if size == "phone" else {}
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=root, **agent)
    context.add_cookies([{"name": "flexscope_dark", "value": str(int(dark)), "url": root}])
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("request", lambda request: request.url.startswith((root, "data:", "blob:")) or wrong.append(request.url))
    end = f"{size}-{'dark' if dark else 'light'}.png"
    for name in [name for name in BEFORE if not names or name in names]:
        page.goto(BEFORE[name])
        keep(page, FOLDER / f"{name}-{end}")
    sign_in(page, f"{root}/login", HOST)
    for name in [name for name in PAGES if not names or name in names]:
        route, tab = PAGES[name]
        path = known.get(route, route)
        page.goto(f"{path}?tab={tab}" if tab else path)
        for _ in range(2 if route in known else 0):  # tabs begin to read once the page around them is there
            settle(page)
            page.wait_for_timeout(700)
        if name == "graph-editor":
            page.get_by_role("button", name="Edit graphs").click()
            expect(page.get_by_role("button", name="Save graphs")).to_be_visible()
        page.wait_for_timeout(700)  # canvases are painted after their data have arrived
        keep(page, FOLDER / f"{name}-{end}")
    context.close()
    if wrong:
        raise SystemExit(f"Pages failed or asked others: {wrong}")


def keep(page: Page, file: Path) -> None:
    """Save what is in the window, in few colours; those of thin lines are among them."""
    page.screenshot(path=file)
    few = Image.open(file).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
