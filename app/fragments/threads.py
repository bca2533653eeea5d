"""Work of a page that is done in threads, for somebody who is signed in, so that the server goes on answering."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.running import current
from app.usecases.actor import Actor
from db.accounts import logins
from db.core import change_tracking, faults
from db.jobs.jobs import Job
from engine.errors import EngineError

SIGNED_OUT = "You are signed out; reload the page to sign in."

Result = TypeVar("Result")


async def in_turn(work: Callable[[], Result], principal: SignedIn) -> Result:
    """Call a function in a thread when it is this user's turn; see ``fair_pools``.

    Raises:
        EngineError: Too much waits for this user, or what the work raises.
    """
    return await current().pools["page"].run(principal.id, work)


async def reading(read: Callable[[Session, SignedIn], Result], principal: SignedIn) -> Result:
    """Call a function that reads in the name of a user, in a thread.

    Raises:
        EngineError: What the function raises.
    """

    def within() -> Result:
        with current().database.reading() as session:
            content = read(session, principal)
            session.expunge_all()  # rows keep what was read of them when the session ends
            return content

    return await in_turn(within, principal)


async def writing(change: Callable[[Session, Actor], Result], principal: SignedIn) -> Result:
    """Call a use case in the name of a user, in a thread, and commit what it changed.

    Raises:
        EngineError: The user is signed out, or what the use case raises; then nothing is changed.
    """
    return await in_turn(lambda: _write(change, principal), principal)


async def triggering(request: Callable[[Session, Actor], list[Job]], principal: SignedIn) -> list[Job]:
    """Call a use case that requests jobs: they are counted as triggers, committed and handed to the queue.

    Raises:
        Exceeded: There were too many.
        QueueDown: They are kept, but the queue cannot be reached.
    """
    running = current()

    def within() -> list[Job]:
        with running.limits.trigger(principal):
            return _write(request, principal)

    def hand_over(jobs: list[Job]) -> None:
        for job in jobs:
            if job.status == "QUEUED":
                running.queue.put(job.id)

    jobs = await in_turn(within, principal)
    await in_turn(lambda: hand_over(jobs), principal)
    return jobs


def actor_of(principal: SignedIn) -> Actor:
    """Who does something now, as use cases take it."""
    return Actor(principal=principal, settings=current().settings, now=datetime.now(UTC))


def _write(change: Callable[[Session, Actor], Result], principal: SignedIn) -> Result:
    actor = actor_of(principal)
    try:
        with current().database.writing() as session:
            if not logins.stands(session, principal.id, principal.serial):
                raise EngineError(SIGNED_OUT)
            change_tracking.act_as(session, actor.by)
            return change(session, actor)
    except (IntegrityError, DataError) as error:
        raise EngineError(faults.sentence(error)) from error
