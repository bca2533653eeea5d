"""Runs the function of one route, whoever asks: a client over HTTP, or a page of the same process.

Nobody waits to write while another one computes. A function that has much to compute does so in a session that reads,
and gives back what saves; that is called in a session that writes, which checks again what may have changed meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.api.http import gate, repeats
from app.api.http.errors import NotSignedIn
from app.api.http.route import Call, Reply, Route
from app.auth.access.identity import SignedIn
from app.web.context import Running
from db.accounts import logins
from db.core import change_tracking


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, as far as its function is concerned."""

    running: Running
    asker: SignedIn | None
    now: datetime
    """When it arrived."""
    address: str
    headers: Mapping[str, str]
    network_address: str = ""
    key: str | None = None
    """Its Idempotency-Key."""
    said: bytes = field(default=b"", repr=False)
    """What makes it differ from another one."""

    def call(self, session: Session, afterwards: list[Callable[[], None]]) -> Call:
        """Return what a function is given, with a session that acts in the asker's name."""
        if self.asker is not None:
            change_tracking.act_as(session, (self.asker.id, self.asker.username))
        return Call(
            running=self.running,
            asker=self.asker,
            session=session,
            now=self.now,
            address=self.address,
            headers=self.headers,
            network_address=self.network_address,
            afterwards=afterwards,
        )


def done(route: Route, request: Request, given: Mapping[str, Any]) -> Reply:
    """Return what the function of a route answers; what it changes is committed."""
    afterwards: list[Callable[[], None]] = []
    how = _computed if route.computes else _at_once
    reply = how(route, request, given, afterwards)
    for afterward in afterwards:
        afterward()
    return reply


def _at_once(route: Route, request: Request, given: Mapping[str, Any], afterwards: list[Callable[[], None]]) -> Reply:
    database = request.running.database
    with database.writing() if route.writes else database.reading() as session:
        call = request.call(session, afterwards)
        if (before := _before(call, request, route)) is not None:
            return before
        with gate.counting(request.running, request.asker, route):
            return _kept(call, request, route, route.function(call, **given))


def _computed(route: Route, request: Request, given: Mapping[str, Any], afterwards: list[Callable[[], None]]) -> Reply:
    database = request.running.database
    with database.reading() as session:
        if (before := _before(request.call(session, []), request, route)) is not None:
            return before
    with gate.counting(request.running, request.asker, route):
        with database.reading() as session:
            save = route.function(request.call(session, []), **given)
        with database.writing() as session:
            call = request.call(session, afterwards)
            if request.asker is not None and not logins.stands(session, request.asker.id, request.asker.serial):
                raise NotSignedIn  # the login has ended meanwhile
            if (before := _before(call, request, route)) is not None:  # the same request came twice at once
                return before
            return _kept(call, request, route, save(call))


def _before(call: Call, request: Request, route: Route) -> Reply | None:
    """Return the answer to the same request of before, if it carries an Idempotency-Key."""
    if request.key is None or not route.writes or call.asker is None:
        return None
    return repeats.answered(call, request.said, request.key)


def _kept(call: Call, request: Request, route: Route, content: Any) -> Reply:
    reply = content if isinstance(content, Reply) else Reply(content=content, status=route.status)
    if request.key is not None and route.writes and call.asker is not None:
        repeats.keep(call, route, request.said, request.key, reply)
    return reply
