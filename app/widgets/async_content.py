"""Content that is read in a thread and then shown in its place, with errors told in one sentence."""

import logging
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Any, TypeVar

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.login.sessions import current_user
from app.usecases.actor import Actor
from app.web.context import current
from app.widgets import initial_load
from db.accounts import logins
from db.core import change_tracking, faults
from db.jobs.jobs import Job
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
SIGNED_OUT = "You are signed out; reload the page to sign in."
FAILED = "This could not be shown. The server log has the details."

Result = TypeVar("Result")


def plain(text: str) -> str:
    """Return a text as it must be given to components that read Markdown and HTML, to be shown as it stands."""
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", escape(text, quote=False))


def note(text: str, severity: str = "info") -> pmui.Alert:
    """Return a box with a sentence."""
    return pmui.Alert(plain(text), severity=severity, sizing_mode="stretch_width", margin=8)


def waiting() -> pmui.Skeleton:
    """Return what stands where content will be."""
    return pmui.Skeleton(height=240, sizing_mode="stretch_width")


async def reading(read: Callable[[Session, SignedIn], Result]) -> Result:
    """Return what a function reads as the signed-in user, in a thread, so that the server goes on answering.

    Raises:
        EngineError: Nobody is signed in, or what the function raises.
    """
    who = _signed_in()

    def within() -> Result:
        with current().database.reading() as session:
            found = read(session, who)
            session.expunge_all()  # rows keep what was read of them when the session ends
            return found

    return await in_turn(within, who)


async def computing(work: Callable[[Session, Actor], Result]) -> Result:
    """Return what a use case finds out in the name of the signed-in user, in a session that reads."""
    return await reading(lambda session, who: work(session, _actor(who)))


async def writing(change: Callable[[Session, Actor], Result]) -> Result:
    """Return what a use case changes in the name of the signed-in user, in a thread and committed at its end.

    Raises:
        EngineError: Nobody is signed in any more, or what the use case raises; then nothing is changed.
    """
    who = _signed_in()
    return await in_turn(lambda: _write(change, who), who)


def _write(change: Callable[[Session, Actor], Result], who: SignedIn) -> Result:
    actor = _actor(who)
    try:
        with current().database.writing() as session:
            if not logins.stands(session, who.id, who.serial):
                raise EngineError(SIGNED_OUT)
            change_tracking.act_as(session, actor.by)
            return change(session, actor)
    except (IntegrityError, DataError) as error:
        raise EngineError(faults.sentence(error)) from error


async def triggering(request: Callable[[Session, Actor], list[Job]]) -> list[Job]:
    """Return the jobs that a use case asks for: counted as triggers, committed, and handed to the queue.

    Raises:
        Exceeded: There were too many.
        QueueDown: They are kept, but the queue cannot be reached.
    """
    who, running = _signed_in(), current()

    def within() -> list[Job]:
        with running.limits.trigger(who):
            return _write(request, who)

    def hand_over(jobs: list[Job]) -> None:
        for job in jobs:
            if job.status == "QUEUED":
                running.queue.put(job.id)

    jobs = await in_turn(within, who)
    await in_turn(lambda: hand_over(jobs), who)
    return jobs


async def in_turn(work: Callable[[], Result], who: SignedIn | None = None) -> Result:
    """Return what some work gives, done in a thread when it is this user's turn.

    Raises:
        EngineError: Nobody is signed in, too much waits for this user, or what the work raises.
    """
    return await current().pools["page"].run((who or _signed_in()).id, work)


def here() -> str:
    """Return the address of this server as the browser sees it."""
    settings = current().settings
    if settings.FLEXSCOPE_PUBLIC_ADDRESS:
        return settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") + settings.FLEXSCOPE_PATH_PREFIX
    host = (pn.state.headers or {}).get("Host", "localhost")
    return f"http://{host}{settings.FLEXSCOPE_PATH_PREFIX}"


def _signed_in() -> SignedIn:
    who = current_user()
    if who is None:
        raise EngineError(SIGNED_OUT)
    return who


def _actor(who: SignedIn) -> Actor:
    return Actor(principal=who, settings=current().settings, now=datetime.now(UTC))


def fill(
    place: pn.Column, read: Callable[[Session, SignedIn], Result], show: Callable[[Result], Sequence[Any]]
) -> None:
    """Read in a thread, then put what is made of it in its place; what is refused is told there."""

    async def load() -> None:
        try:
            found = await reading(read)
        except Exception as error:  # whatever it is, the page must say that it stopped waiting
            problem = error
            later(lambda: refuse(place, problem))
        else:
            later(lambda: _put(place, show, found))

    soon(load)


def soon(load: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Load while the browser still reads the scripts, where the page has not been shown yet; see ``beginning``."""
    document = pn.state.curdoc
    if document is None or document.session_context is None or pn.state.loaded:
        pn.state.onload(load)
        return
    initial_load.load_first(document, load)


def _put(place: pn.Column, show: Callable[[Result], Sequence[Any]], found: Result) -> None:
    try:
        place[:] = list(show(found))
    except Exception as error:  # as above
        refuse(place, error)


def refuse(place: pn.Column, error: Exception) -> None:
    """Show why something cannot be shown or done: a sentence for what we raise, the log for anything else."""
    if isinstance(error, EngineError):
        place[:] = [note(str(error), "warning")]
        return
    LOG.error("Part of a page could not be shown.", exc_info=error)
    place[:] = [note(FAILED, "error")]


def later(change: Callable[[], Any]) -> None:
    """Change what a page shows once its document may be changed: after awaiting, it belongs to others.

    A browser that has begun to show the page gets the change when it has shown it.
    """
    pn.state.execute(partial(_unless_beginning, change), schedule=True)


def _unless_beginning(change: Callable[[], Any]) -> None:
    session = getattr(pn.state.curdoc and pn.state.curdoc.session_context, "session", None)
    if session is None or pn.state.loaded or not session.connection_count:
        change()
    else:
        pn.state.onload(change)
