"""Each hook into Bokeh's server, against the library as it is installed: a release that changes it fails here first."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import panel as pn
import pytest
from bokeh.application.handlers.handler import Handler
from bokeh.client import pull_session
from bokeh.document import Document
from bokeh.server.server import Server
from bokeh.server.urls import per_app_patterns

from app.web.platform_hooks import bokeh_hooks
from tests.http.serving import alone


class Title(Handler):
    """Names every page."""

    def modify_document(self, doc: Document) -> None:
        """See Handler."""
        doc.title = "named"


@pytest.fixture(autouse=True)
def patterns() -> Iterator[None]:
    """The addresses of pages as they were."""
    before = list(per_app_patterns)
    yield
    per_app_patterns[:] = before


def visited(look: Callable[[Server, Any], Any]) -> Any:
    """Return what is seen while a page of a server is open in a client of Bokeh's own, in a thread with a loop."""

    async def run() -> Any:
        server = pn.serve({"/page": lambda: pn.pane.Str("text")}, port=0, start=False, show=False, verbose=False)
        bokeh_hooks.add_to_pages(server, Title())
        server.start()
        with ThreadPoolExecutor(1, initializer=lambda: asyncio.set_event_loop(asyncio.new_event_loop())) as client:
            opened = partial(pull_session, url=f"http://localhost:{server.port}/page")
            session = await asyncio.get_running_loop().run_in_executor(client, opened)
            try:
                return await look(server, session)
            finally:
                await asyncio.get_running_loop().run_in_executor(client, session.close)
                bokeh_hooks.http_server(server).stop()
                server.stop()

    return alone(run())


def test_a_page_waits_before_its_document_is_sent():
    waiting: list[str] = []

    async def wait(session_id: str) -> None:
        waiting.append(session_id)

    async def look(_server: Server, session: Any) -> str:
        return session.id

    bokeh_hooks.wait_before_opening(wait)
    assert visited(look) == waiting[0] and len(waiting) == 1


def test_a_handler_takes_part_in_every_page():
    async def look(_server: Server, session: Any) -> str:
        return session.document.title

    assert visited(look) == "named"


def test_an_open_page_is_known_and_can_be_closed():
    async def look(server: Server, session: Any) -> list[int]:
        tornado = bokeh_hooks.application(server)
        (connection,) = bokeh_hooks.open_pages(tornado)
        assert connection.session.id == session.id
        bokeh_hooks.close_page(connection, 4001, "signed out")
        for _ in range(500):
            if not bokeh_hooks.open_pages(tornado):
                break
            await asyncio.sleep(0.01)
        return bokeh_hooks.open_pages(tornado)

    assert visited(look) == []
