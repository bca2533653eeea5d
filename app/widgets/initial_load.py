"""What a page shows when it is opened: read while the browser loads the scripts, and sent with the document.

A browser opens the page's websocket once it has the scripts. The socket waits until the content is there, so that all
of it comes in one piece and is laid out once. A page that takes longer is shown as it is, and gets the rest when there.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import panel as pn
from bokeh.document import Document

LOG = logging.getLogger(__name__)
PATIENCE = 2.0
"""How long a browser waits for the content of a page before it shows the rest of it [s]."""
Load: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Beginning:
    """Loads what a page asks for before a browser shows it, and what that asks for in turn."""

    def __init__(self, document: Document) -> None:
        self.there = asyncio.Event()
        self._document = document
        self._asked: list[Load] = []
        self._loading: set[asyncio.Task[None]] = set()

    def add(self, load: Load) -> None:
        """Load this too."""
        self._asked.append(load)

    async def run(self) -> None:
        """Load until nothing more is asked for."""
        while self._asked or self._loading:
            self._loading |= {asyncio.create_task(load()) for load in self._asked}
            self._asked.clear()
            done, self._loading = await asyncio.wait(self._loading, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if error := task.exception():
                    LOG.error("Part of a page could not be loaded.", exc_info=error)
            await self._changed()

    async def _changed(self) -> None:
        """Wait until what was loaded is in the document: it is put there on a turn, and its models on the next."""
        for _ in range(2):
            turn = asyncio.Event()
            self._document.add_next_tick_callback(partial(turn.set))
            with suppress(TimeoutError):  # it never comes for a browser that has left
                await asyncio.wait_for(turn.wait(), PATIENCE)


_BEGUN: dict[str, Beginning] = {}
"""Id of a page's session → what it still waits for."""


def load_first(document: Document, load: Load) -> None:
    """Load something before a browser shows the document, if there is time."""
    key = str(document.session_context.id)
    if key not in _BEGUN:
        begun = _BEGUN[key] = Beginning(document)
        document.add_next_tick_callback(partial(pn.state.execute, partial(_run, key, begun)))
    _BEGUN[key].add(load)


async def _run(key: str, begun: Beginning) -> None:
    try:
        await begun.run()
    finally:
        begun.there.set()
        del _BEGUN[key]


async def wait(session_id: str) -> None:
    """Wait for the content of a page, if it is still read, but not for too long."""
    begun = _BEGUN.get(session_id)
    if begun:
        with suppress(TimeoutError):
            await asyncio.wait_for(begun.there.wait(), PATIENCE)
