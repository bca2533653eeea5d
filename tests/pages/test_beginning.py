"""What a page waits for before a browser shows it, on the document of a real session, without a browser."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from bokeh.document import Document
from bokeh.models import Div
from bokeh.server.session import ServerSession
from bokeh.util.serialization import make_globally_unique_id
from tornado.ioloop import IOLoop

from app.widgets.initial_load import Beginning
from tests.http.serving import alone

Load = Callable[[], Coroutine[Any, Any, None]]


def begun(*loads: Callable[[Document, Beginning], Load]) -> list[str]:
    """Run a beginning to its end, and return what is in the document then."""

    async def run() -> list[str]:
        document = Document()
        ServerSession(make_globally_unique_id(), document, IOLoop.current())
        beginning = Beginning(document)
        for load in loads:
            beginning.add(load(document, beginning))
        await beginning.run()
        return [root.text for root in document.roots]

    return alone(run())


def adds(text: str) -> Callable[[Document, Beginning], Load]:
    """Return a load that takes a moment and then lets something be added: as Panel does it, two turns later."""

    def make(document: Document, _beginning: Beginning) -> Load:
        async def load() -> None:
            await asyncio.sleep(0.01)
            turn = document.add_next_tick_callback
            turn(lambda: turn(lambda: document.add_root(Div(text=text))))

        return load

    return make


def test_all_that_was_asked_for_is_in_the_document():
    assert sorted(begun(adds("one"), adds("two"))) == ["one", "two"]


def test_what_the_content_asks_for_in_turn_is_waited_for():
    def outer(document: Document, beginning: Beginning) -> Load:
        async def load() -> None:
            def show() -> None:
                document.add_root(Div(text="tabs"))
                beginning.add(adds("heatmap")(document, beginning))

            document.add_next_tick_callback(show)

        return load

    assert begun(outer) == ["tabs", "heatmap"]


def test_a_part_that_fails_is_logged_and_leaves_the_others(caplog: pytest.LogCaptureFixture):
    def broken(_document: Document, _beginning: Beginning) -> Load:
        async def load() -> None:
            raise ValueError("broken")

        return load

    with caplog.at_level(logging.ERROR):
        assert begun(broken, adds("whole")) == ["whole"]
    assert "could not be loaded" in caplog.text


def test_what_was_asked_for_is_loaded_even_if_turns_do_not_come(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.widgets.initial_load.PATIENCE", 0.0)
    loaded: list[str] = []

    def outer(_document: Document, beginning: Beginning) -> Load:
        async def inner() -> None:
            loaded.append("inner")

        async def load() -> None:
            loaded.append("outer")
            beginning.add(inner)

        return load

    begun(outer)
    assert loaded == ["outer", "inner"]
