"""Work of a page that is done in threads, and its outcome shown in its place: content, success or one sentence.

Content that changes is read again and again for as long as the page is open.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from html import escape
from typing import Any, TypeVar

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments import threads
from app.login.sessions import current_user
from app.running import current
from app.usecases.actor import Actor
from app.widgets import initial_load
from db.jobs.jobs import Job
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
FAILED = "Something went wrong on the server; its log has the details. Reload the page to try again."

Result = TypeVar("Result")
EVERY = 1.0
"""Pause between two readings [s]."""


def plain(text: str) -> str:
    """Text escaped for components that read Markdown and HTML, so that it is shown as it stands."""
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", escape(text, quote=False))


def note(text: str, severity: str = "info") -> pmui.Alert:
    """Box with a sentence; ``severity`` is info, success, warning or error, as in Material."""
    return pmui.Alert(plain(text), severity=severity, sizing_mode="stretch_width", margin=8)


def waiting() -> pmui.Skeleton:
    """Grey placeholder that stands where content will be."""
    return pmui.Skeleton(height=240, sizing_mode="stretch_width")


async def reading(read: Callable[[Session, SignedIn], Result]) -> Result:
    """Call a function that reads as the signed-in user, in a thread, so that the server goes on answering.

    Raises:
        EngineError: Nobody is signed in, or what the function raises.
    """
    return await threads.reading(read, _signed_in())


async def computing(work: Callable[[Session, Actor], Result]) -> Result:
    """Call a use case that changes nothing in the name of the signed-in user, in a session that reads."""
    return await reading(lambda session, principal: work(session, threads.actor_of(principal)))


async def writing(change: Callable[[Session, Actor], Result]) -> Result:
    """Call a use case in the name of the signed-in user, in a thread, and commit what it changed.

    Raises:
        EngineError: Nobody is signed in any more, or what the use case raises; then nothing is changed.
    """
    return await threads.writing(change, _signed_in())


async def triggering(request: Callable[[Session, Actor], list[Job]]) -> list[Job]:
    """Call a use case that requests jobs: they are counted as triggers, committed and handed to the queue.

    Raises:
        Exceeded: There were too many.
        QueueDown: They are kept, but the queue cannot be reached.
    """
    return await threads.triggering(request, _signed_in())


async def in_turn(work: Callable[[], Result], principal: SignedIn | None = None) -> Result:
    """Call a function in a thread when it is this user's turn; see ``fair_pools``.

    Raises:
        EngineError: Nobody is signed in, too much waits for this user, or what the work raises.
    """
    return await threads.in_turn(work, principal or _signed_in())


def here() -> str:
    """Address of this server as the browser sees it."""
    settings = current().settings
    if settings.FLEXSCOPE_PUBLIC_ADDRESS:
        return settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") + settings.FLEXSCOPE_PATH_PREFIX
    host = (pn.state.headers or {}).get("Host", "localhost")
    return f"http://{host}{settings.FLEXSCOPE_PATH_PREFIX}"


def _signed_in() -> SignedIn:
    principal = current_user()
    if principal is None:
        raise EngineError(threads.SIGNED_OUT)
    return principal


def fill(
    place: pn.Column, read: Callable[[Session, SignedIn], Result], show: Callable[[Result], Sequence[Any]]
) -> None:
    """Read in a thread, then show the content in its place; an error is shown there as a sentence."""

    def put(content: Result) -> None:
        try:
            place[:] = list(show(content))
        except Exception as error:  # a part that cannot be built must not leave the page waiting for ever
            refuse(place, error)

    async def load() -> None:
        await attempt(reading(read), place, put)

    soon(load)


def soon(load: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Load while the browser still reads the scripts, where the page has not been shown yet; see ``initial_load``."""
    document = pn.state.curdoc
    if document is None or document.session_context is None or pn.state.loaded:
        pn.state.onload(load)
        return
    initial_load.load_first(document, load)


async def attempt(action: Awaitable[Result], place: pn.Column, done: Callable[[Result], Any]) -> None:
    """Await an action, then show its outcome with ``done``, or in ``place`` why it failed.

    Every error is caught: a page that says nothing looks as if it were still at work, or as if all were saved.
    """
    try:
        result = await action
    except Exception as error:
        problem = error  # Python forgets ``error`` at the end of this block, before ``later`` calls
        later(lambda: refuse(place, problem))
    else:
        later(lambda: done(result))


def confirm(place: pn.Column, text: str) -> None:
    """Show in ``place`` that something was done."""
    place[:] = [note(text, "success")]


def refuse(place: pn.Column, error: Exception) -> None:
    """Show in ``place`` why something cannot be shown or done: the sentence of our own errors, the log for others."""
    if isinstance(error, EngineError):
        place[:] = [note(str(error), "warning")]
        return
    LOG.error("Part of a page could not be shown.", exc_info=error)
    place[:] = [note(FAILED, "error")]


def later(change: Callable[[], Any]) -> None:
    """Change what a page shows once its document may be changed: after awaiting, it belongs to others.

    A browser that has begun to show the page gets the change when it has shown it.
    """

    def unless_beginning() -> None:
        session = getattr(pn.state.curdoc and pn.state.curdoc.session_context, "session", None)
        if session is None or pn.state.loaded or not session.connection_count:
            change()
        else:
            pn.state.onload(change)

    pn.state.execute(unless_beginning, schedule=True)


class Following:
    """Reads until it is stopped or the page is closed; one reading at a time."""

    def __init__(
        self,
        read: Callable[[Session, SignedIn], Result],
        show: Callable[[Result], Any],
        *,
        every: float = EVERY,
    ) -> None:
        """Begin.

        Args:
            read: Reads what is shown, in a thread.
            show: Shows it; should change only what is not shown already.
            every: Pause between two readings [s].
        """
        self._read, self._show = read, show
        self._reading: asyncio.Task[None] | None = None
        self._timer = pn.state.add_periodic_callback(self.refresh, period=int(1000 * every))

    def refresh(self) -> None:
        """Read now, unless a reading is under way."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read_once())

    def stop(self) -> None:
        """Read no more."""
        if self._timer.running:
            self._timer.stop()

    async def _read_once(self) -> None:
        try:
            content = await reading(self._read)
        except EngineError as error:  # such as a user who has signed out
            LOG.info("A page is no longer kept up to date: %s", error)
            later(self.stop)
        except Exception:  # such as a database that restarts: the next reading may succeed
            LOG.exception("A page could not be brought up to date")
        else:
            later(lambda: self._show(content))
