"""Each hook into a library, against the library as it is installed: a release that changes it fails here first."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.document.events import TitleChangedEvent
from bokeh.protocol import Protocol
from panel.io import document as panel_document

from app.web import platform_hooks
from tests.http.serving import alone


@dataclass
class Socket:
    """A browser's end, and what is to happen as soon as the first message has reached it."""

    then: Callable[[], None]
    received: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Connection:
    """What Panel reads of a connection of Bokeh."""

    _socket: Socket
    protocol: Protocol = field(default_factory=Protocol)


async def _receive(socket: Socket, text: str) -> None:
    await asyncio.sleep(0)
    socket.received.append(text)


def _send(connection: Connection, msg: Any) -> list[asyncio.Task[None]]:
    socket = connection._socket
    sent = asyncio.ensure_future(_receive(socket, msg.content_json))
    if not socket.received:
        sent.add_done_callback(lambda _: socket.then())
    return [sent]


def received(monkeypatch: pytest.MonkeyPatch, dispatch: Callable[[Document], Coroutine[Any, Any, None]]) -> list[str]:
    """Return what a browser got of two changes, the second made just when the first has been sent."""
    monkeypatch.setitem(panel_document.extra_socket_handlers, Socket, _send)
    monkeypatch.setattr(panel_document, "_dispatch_msgs", dispatch)

    async def run() -> list[str]:
        document = Document()

        def change(title: str) -> None:
            panel_document.schedule_write_events(document, [connection], [TitleChangedEvent(document, title)])

        connection = Connection(Socket(partial(change, "second")))
        change("first")
        await asyncio.sleep(0.2)
        return connection._socket.received

    return alone(run())


def test_a_change_made_while_another_is_sent_reaches_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = received(monkeypatch, platform_hooks._dispatch_all_messages)
    assert "first" in first and "second" in second


def test_panel_itself_still_keeps_such_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook can go when this fails."""
    assert len(received(monkeypatch, platform_hooks._dispatch_messages)) == 1
