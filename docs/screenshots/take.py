"""Takes the pictures in this folder from a running demo, and checks each page with axe-core if it is given.

python docs/screenshots/take.py http://localhost:5000 [axe.min.js]
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.demo import toy
from tests.conftest import ARGUMENTS

FOLDER = Path(__file__).parent
SIZES = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
PAGES = {
    "dashboard": "/",
    "assets": "/assets",
    "graphs": "/assets/{house}",
    "plan": "/assets/{house}?tab=plan",
    "replay": "/assets/{house}?tab=replay",
    "context": "/assets/{house}?tab=context",
    "status": "/assets/{house}?tab=status",
    "heatmap": "/sensors/{load}?tab=heatmap",
    "distribution": "/sensors/{load}?tab=distribution",
}
SHOWN = [("desktop", False), ("desktop", True), ("tablet", False), ("phone", True)]
PATIENCE_MS = 6000
SERIOUS = """async () => (await axe.run()).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => `${found.id}: ${found.nodes.length} × ${found.nodes[0].target} ${found.nodes[0].failureSummary}`)"""


def main(root: str, axe: str | None) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for size, dark in SHOWN:
            one_size(browser, root, size, dark=dark, axe=axe)
        browser.close()


def one_size(browser: Browser, root: str, size: str, *, dark: bool, axe: str | None) -> None:
    width, height = SIZES[size]
    agent = {"user_agent": "Chrome Mobile Mobi"} if size == "phone" else {}
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=root, bypass_csp=True, **agent)
    context.add_cookies([{"name": "flexscope_dark", "value": str(int(dark)), "url": root}])
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Email").fill(toy.EMAIL)
    page.get_by_label("Password").fill(toy.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    known = identifiers(page)
    for name, path in PAGES.items():
        page.goto(path.format(**known))
        page.wait_for_timeout(PATIENCE_MS)
        page.screenshot(path=FOLDER / f"{name}-{size}-{'dark' if dark else 'light'}.png")
        if axe:
            page.add_script_tag(path=axe)
            for found in page.evaluate(SERIOUS):
                print(name, size, "dark" if dark else "light", found)
    context.close()


def identifiers(page: Page) -> dict[str, str]:
    """Return the ids of the demo's house and of its load, as the pages link to them."""
    page.goto("/assets")
    page.get_by_role("link", name="Canal house").click()
    page.get_by_role("tab", name="Context").click()
    house = page.url.split("/assets/")[1].split("?")[0]
    link = page.get_by_role("link", name="household load").get_attribute("href") or ""
    return {"house": house, "load": link.rsplit("/", 1)[1]}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
