"""Runs the function of one route, whoever asks: sign-in, scope, limits, and one answer to a request that is repeated.

Nobody waits to write while another one computes. A function that has much to compute does so in a session that reads,
and returns what saves; that is called in a session that writes, which checks again what may have changed meanwhile.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.api.http.errors import ApiError, NotSignedIn
from app.api.http.route import Call, Reply, Route, to_bytes
from app.auth.access.identity import SignedIn
from app.auth.protection.limits import Exceeded
from app.running import Running
from db.accounts import idempotency, logins
from db.accounts.idempotency import StoredAnswer
from db.core import change_tracking

ONCE = "This was done already; only the first answer has the {}. If it was lost, revoke this one and make another."
LONGEST = 255


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, as far as its function is concerned."""

    running: Running
    principal: SignedIn | None
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
        """Argument of the function of a route, with a session that acts in the principal's name."""
        if self.principal is not None:
            change_tracking.act_as(session, (self.principal.id, self.principal.username))
        return Call(
            running=self.running,
            principal=self.principal,
            session=session,
            now=self.now,
            address=self.address,
            headers=self.headers,
            network_address=self.network_address,
            afterwards=afterwards,
        )


def done(route: Route, request: Request, given: Mapping[str, Any]) -> Reply:
    """Answer of the function of a route; its changes are committed."""
    afterwards: list[Callable[[], None]] = []
    how = _computed if route.computes else _at_once
    reply = how(route, request, given, afterwards)
    # Only now, as what they start has to find the changes.
    for afterward in afterwards:
        afterward()
    return reply


def _at_once(route: Route, request: Request, given: Mapping[str, Any], afterwards: list[Callable[[], None]]) -> Reply:
    database = request.running.database
    with database.writing() if route.writes else database.reading() as session:
        call = request.call(session, afterwards)
        if (before := _before(call, request, route)) is not None:
            return before
        with counting(request.running, request.principal, route):
            return _kept(call, request, route, route.function(call, **given))


def _computed(route: Route, request: Request, given: Mapping[str, Any], afterwards: list[Callable[[], None]]) -> Reply:
    database = request.running.database
    with database.reading() as session:
        # Looked for before anything is computed: the same request may have been answered already.
        if (before := _before(request.call(session, []), request, route)) is not None:
            return before
    with counting(request.running, request.principal, route):
        with database.reading() as session:
            save = route.function(request.call(session, []), **given)
        with database.writing() as session:
            call = request.call(session, afterwards)
            user = request.principal
            if user is not None and not logins.stands(session, user.id, user.serial):
                raise NotSignedIn  # the login has ended meanwhile
            if (before := _before(call, request, route)) is not None:  # the same request came twice at once
                return before
            return _kept(call, request, route, save(call))


def _before(call: Call, request: Request, route: Route) -> Reply | None:
    """Return the answer to the same request of before, if it carries an Idempotency-Key.

    Raises:
        ApiError: The key is too long, or was used for another request.
    """
    key = request.key
    if key is None or not route.writes or call.principal is None:
        return None
    if len(key) > LONGEST:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"Idempotency-Key: may have {LONGEST} characters at most.")
    found = call.session.get(StoredAnswer, (call.user.id, key))
    if found is None or found.at < call.now - idempotency.KEPT:
        return None
    if found.request_hash != _hash(call, request.said):
        message = "Idempotency-Key: was used for another request; use a new key for each."
        raise ApiError(422, "UNPROCESSABLE_ENTITY", message)
    return Reply(content=found.body, status=found.status, headers={"Idempotency-Replayed": "true"})


def _kept(call: Call, request: Request, route: Route, content: Any) -> Reply:
    """Return an answer; with a key, it is kept without its secrets, in the transaction that does what it tells of."""
    reply = content if isinstance(content, Reply) else Reply(content=content, status=route.status)
    if request.key is None or not route.writes or call.principal is None:
        return reply
    kept = reply
    if route.secret_fields:
        open_fields = {name: value for name, value in reply.content.items() if name not in route.secret_fields}
        kept = replace(reply, content=open_fields | {"message": ONCE.format(" and ".join(route.secret_fields))})
    idempotency.forget(call.session, before=call.now - idempotency.KEPT)
    row = StoredAnswer(
        user_id=call.user.id, key=request.key, request_hash=_hash(call, request.said), status=kept.status
    )
    row.body, row.at = to_bytes(kept), call.now
    call.session.merge(row)
    return reply


def _hash(call: Call, said: bytes) -> str:
    """Hash of a request; keyed, so that nobody can find out from a dump, by trying, what a body held."""
    return hmac.new(call.running.secret.encode(), said, hashlib.sha256).hexdigest()


def enter(running: Running, route: Route, principal: SignedIn | None, address: str) -> dict[str, str]:
    """Let a request in and return the headers that tell how many more there may be.

    Raises:
        ApiError: Nobody is signed in, the key is not good for this, or there were too many requests.
    """
    if principal is None and not route.public:
        raise NotSignedIn
    if principal is not None and principal.scopes is not None and route.needs not in principal.scopes:
        told = f"an access key with the scope {route.needs!r}" if route.needs else "a token or a login; no access key"
        raise ApiError(403, "INVALID_SENDER", f"This key may not do that: it takes {told}.")
    if route.pool == "health":  # a monitor is never told to wait, whatever the database does
        return {}
    try:
        state = running.limits.request(principal, address)
    except Exceeded as error:
        raise _too_many(error) from None
    return state.headers if state else {}


@contextmanager
def counting(running: Running, principal: SignedIn | None, route: Route) -> Iterator[None]:
    """Count a trigger that is accepted in this block; all others are let through.

    Raises:
        ApiError: There were too many triggers.
    """
    if not route.is_trigger or principal is None:
        yield
        return
    try:
        with running.limits.trigger(principal):
            yield
    except Exceeded as error:
        raise _too_many(error) from None


def _too_many(error: Exceeded) -> ApiError:
    return ApiError(429, "TOO_MANY_REQUESTS", str(error), headers=error.headers)
