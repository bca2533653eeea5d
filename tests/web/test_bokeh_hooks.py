"""Each hook into Bokeh's server, against the library as it is installed: a release that changes it fails here first."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import panel as pn
import pytest
from bokeh.application.handlers.handler import Handler
from bokeh.client import pull_session
from bokeh.document import Document
from bokeh.document.events import TitleChangedEvent
from bokeh.server.server import Server
from bokeh.server.urls import per_app_patterns
from panel.io import document as panel_document
from tornado.websocket import WebSocketHandler

from app.platform_hooks import bokeh_hooks, panel_hooks
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


def at_once(document: Document, panel: Callable[[str], None]) -> None:
    """Change a page through Panel, which writes at once, while a change of Bokeh's own waits."""
    document.title = "first"
    panel("write_events")


def later(document: Document, panel: Callable[[str], None]) -> None:
    """Change a page through Panel, which writes as soon as it can, and then through Bokeh."""
    panel("schedule_write_events")
    document.title = "second"


def in_vain(document: Document, panel: Callable[[str], None]) -> None:
    """Fail after a change."""
    document.title = "first"
    raise InterruptedError


CHANGES = {at_once: "second", later: "first", in_vain: "second"}


def titles(monkeypatch: pytest.MonkeyPatch, change: Callable[[Document, Callable[[str], None]], None]) -> list[str]:
    """Return the titles that reach the browser, in order, when a callback of a page makes a change."""
    frames: list[str] = []
    write = WebSocketHandler.write_message

    def record(socket: Any, message: Any, binary: bool = False) -> Any:
        frames.append(str(message))
        return write(socket, message, binary)

    monkeypatch.setattr(WebSocketHandler, "write_message", record)

    async def look(server: Server, _session: Any) -> list[str]:
        (connection,) = bokeh_hooks.open_pages(bokeh_hooks.application(server))
        document = connection.session.document

        def panel(writer: str) -> None:
            getattr(panel_document, writer)(document, [connection], [TitleChangedEvent(document, CHANGES[change])])

        with suppress(InterruptedError):
            await connection.session.with_document_locked(change, document, panel)
        if change is in_vain:
            await connection.session.with_document_locked(setattr, document, "title", "second")
        await asyncio.sleep(0.1)
        return re.findall('"TitleChanged","title":"(.*?)"', "".join(frames))

    return visited(look)


async def do_not_wait(_session_id: str) -> None:
    """Open a page at once."""


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # that of Bokeh, when a callback fails
@pytest.mark.parametrize("change", CHANGES)
def test_changes_reach_the_browser_in_the_order_in_which_they_are_made(monkeypatch: pytest.MonkeyPatch, change: Any):
    for writer in ("write_events", "schedule_write_events"):
        monkeypatch.setattr(panel_document, writer, getattr(panel_document, writer))  # so that it is put back
    panel_hooks.send_messages_in_order()
    bokeh_hooks.wait_before_opening(do_not_wait)
    assert titles(monkeypatch, change) == ["first", "second"]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # that of Bokeh, when a callback fails
@pytest.mark.parametrize("change", CHANGES)
def test_bokeh_and_panel_themselves_still_mix_them_up(monkeypatch: pytest.MonkeyPatch, change: Any):
    """The hooks can go when this fails."""
    assert titles(monkeypatch, change) == (["second"] if change is in_vain else ["second", "first"])


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
