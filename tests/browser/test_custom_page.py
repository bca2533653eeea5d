"""Charts in other people's pages: what the chart addresses return is drawn by vegaEmbed and by BokehJS, offline."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import bokeh
import panel
import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo import building, toy
from db.core.database import Database
from tests.conftest import PATIENCE
from tests.http import serving
from tests.http.serving import Api

SCRIPTS = Path(panel.__file__).parent / "dist" / "bundled" / "vegaplot"
HARMLESS = ("The input spec uses Vega-Lite v5", "WARN Infinite extent", "[bokeh 3.9.2] could not set initial ranges")
"""What newer Vega-Lite says of older charts, and what both libraries say of charts without data."""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The other origin: a folder with a page and the scripts it needs."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(Path(__file__).with_name("custom_page.html"), folder / "index.html")
    shutil.copy(Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js", folder)
    for name in ("vega", "vega-lite", "vega-embed"):
        shutil.copy(next(SCRIPTS.glob(f"{name}@*")), folder / name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and writes no log; scripts without ending are scripts."""

    def guess_type(self, path: Any) -> str:
        """See SimpleHTTPRequestHandler."""
        return "text/html" if str(path).endswith(".html") else "text/javascript"

    def log_message(self, *_args: Any) -> None:
        """See BaseHTTPRequestHandler."""


@pytest.fixture(scope="module")
def open_site(demo_database: Database, elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The demo on a server that lets the other origin use its API."""
    url = demo_database.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), CORS_ORIGINS=elsewhere) as running:
        yield running


@pytest.fixture
def page(browser: Browser, open_site: Api, elsewhere: str) -> Iterator[Page]:
    """The page, signed in; at its end nothing may have failed or called elsewhere."""
    opened, wrong = browser.new_page(), []
    opened.set_default_timeout(PATIENCE)
    opened.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda one: one.url.startswith((elsewhere, open_site.url, "data:")) or wrong.append(one.url))
    opened.goto(f"{elsewhere}/index.html")
    opened.evaluate("([at, email, password]) => signIn(at, email, password)", [open_site.url, toy.EMAIL, toy.PASSWORD])
    yield opened
    opened.close()
    told = [one for one in wrong if not one.startswith(HARMLESS)]
    assert not told, told


@pytest.fixture(scope="module")
def load_sensor(demo_database: Database) -> int:
    with demo_database.reading() as session:
        return building.house_sensors(session)["load"].id


def yesterday() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"event_starts_after": (now - timedelta(days=1)).isoformat(), "event_ends_before": now.isoformat()}


@pytest.mark.browser
def test_a_page_elsewhere_tells_who_and_what_there_is(page: Page) -> None:
    expect(page.locator("#user")).to_have_text(f"{toy.EMAIL} in {toy.ZONE}")
    assert page.locator("#assets li").count() >= 2


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["bar_chart", "daily_heatmap", "weekly_heatmap"])
def test_vega_draws_a_sensor_with_its_data(page: Page, load_sensor: int, kind: str) -> None:
    query = {**yesterday(), "include_data": "true", "chart_type": kind, "width": "600", "height": "200"}
    page.evaluate_handle("([path, query]) => embed(path, query)", [f"/api/dev/sensor/{load_sensor}/chart", query])
    assert page.locator("#chart .mark-rect path").count() >= 20
    box = page.locator("#chart svg").bounding_box()
    assert box is not None and box["height"] > 200


@pytest.mark.browser
def test_vega_draws_an_asset_without_data_and_then_those_that_are_fetched_apart(page: Page, house: int) -> None:
    path = f"/api/v3_0/assets/{house}"
    view = page.evaluate_handle("([path, query]) => embed(path, query)", [f"{path}/chart", yesterday()])
    expect(page.locator("#chart .mark-text.role-axis-title")).not_to_have_count(0)
    assert page.locator("#chart .mark-line path").count() == 0
    page.evaluate(
        "([view, ...told]) => fill(view, ...told)", [view, f"asset_{house}", f"{path}/chart_data", yesterday()]
    )
    assert page.locator("#chart .mark-line path").count() >= 2


@pytest.mark.browser
@pytest.mark.parametrize("include_data", ["true", "false"])
def test_bokeh_draws_the_same_where_it_is_asked_for(page: Page, house: int, include_data: str) -> None:
    query = {**yesterday(), "include_data": include_data}
    page.evaluate("([path, query]) => plot(path, query)", [f"/api/v3_0/assets/{house}/chart", query])
    expect(page.locator("#plot canvas").first).to_be_visible()
    page.wait_for_function("Bokeh.documents.every((d) => d.is_idle)")
    counts = "[...Bokeh.documents[0].all_models].map((model) => model.get_length?.() ?? 0)"
    assert (max(page.evaluate(counts)) > 20) == (include_data == "true")
