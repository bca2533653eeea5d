"""Map tiles of a server that a setting names, here one of our own beside the pages."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from db.core.database import Database
from tests.browser.looking import sign_in
from tests.conftest import PATIENCE
from tests.http.serving import server

pytestmark = pytest.mark.browser

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c633870e1010004c40271dae5ca5a"
    "0000000049454e44ae426082"
)


@pytest.fixture
def tiles() -> Iterator[tuple[str, list[str]]]:
    """Address of a tile server, and the paths it was asked for."""
    asked: list[str] = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(PIXEL)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()
    running.server_close()


def test_tiles_come_from_the_server_that_is_set_and_nothing_else_does(
    browser: Browser, demo_database: Database, tmp_path: Path, tiles: tuple[str, list[str]]
):
    url, asked = tiles
    settings = {"FLEXSCOPE_TILE_URL": f"{url}/{{z}}/{{x}}/{{y}}.png", "FLEXSCOPE_TILE_ATTRIBUTION": "Tiles by ours"}
    with server(demo_database.url.render_as_string(hide_password=False), tmp_path, **settings) as site:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        page, wrong = context.new_page(), []
        page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        own = (site.url, url, "data:", "blob:")
        page.on("request", lambda request: request.url.startswith(own) or wrong.append(request.url))
        with page.expect_response(re.compile(rf"{url}/\d+/\d+/\d+\.png")):
            sign_in(page, f"{site.url}/dashboard")
        expect(page.get_by_text("Tiles by ours")).to_be_visible()
        context.close()
    assert all(re.fullmatch(r"/\d+/\d+/\d+\.png", path) for path in asked)
    assert not wrong, wrong
