"""The first content of a page: read while the browser loads the scripts, and sent with the document.

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
    """Runs the loads of a page before a browser shows it, and those that they add in turn."""

    def __init__(self, document: Document) -> None:
        self.done = asyncio.Event()
        self._document = document
        self._waiting: list[Load] = []
        self._loading: set[asyncio.Task[None]] = set()

    def add(self, load: Load) -> None:
        """Run this load too."""
        self._waiting.append(load)

    async def run(self) -> None:
        """Run loads until none is left."""
        while self._waiting or self._loading:
            self._loading |= {asyncio.create_task(load()) for load in self._waiting}
            self._waiting.clear()
            done, self._loading = await asyncio.wait(self._loading, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if error := task.exception():
                    LOG.error("Part of a page could not be loaded.", exc_info=error)
            for _ in range(2):  # content is put into the document on one turn of the loop, its models on the next
                turn = asyncio.Event()
                self._document.add_next_tick_callback(partial(turn.set))
                with suppress(TimeoutError):  # it never comes for a browser that has left
                    await asyncio.wait_for(turn.wait(), PATIENCE)


_BEGUN: dict[str, Beginning] = {}
"""Id of a page's session → its loads that are not done."""


def load_first(document: Document, load: Load) -> None:
    """Load something before a browser shows the document, if there is time."""
    key = str(document.session_context.id)
    if key not in _BEGUN:
        begun = _BEGUN[key] = Beginning(document)

        async def run() -> None:
            try:
                await begun.run()
            finally:
                begun.done.set()
                del _BEGUN[key]

        document.add_next_tick_callback(partial(pn.state.execute, run))
    _BEGUN[key].add(load)


async def wait(session_id: str) -> None:
    """Wait for the first content of a page, if it is still read, but no longer than ``PATIENCE``."""
    begun = _BEGUN.get(session_id)
    if begun:
        with suppress(TimeoutError):
            await asyncio.wait_for(begun.done.wait(), PATIENCE)
