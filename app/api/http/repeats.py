"""Requests that carry an ``Idempotency-Key``: done once, and answered the same when they are repeated."""

import hashlib
import hmac
from dataclasses import replace

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, Route, to_bytes
from db.accounts import idempotency
from db.accounts.idempotency import StoredAnswer

ONCE = "This was done already; only the first answer told the {}. If it was lost, revoke this one and make another."
LONGEST = 255


def answered(call: Call, said: bytes, key: str) -> Reply | None:
    """Return the answer to the same request of before; None if there was none.

    Raises:
        ApiError: The key is too long, or was used for another request.
    """
    if len(key) > LONGEST:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"Idempotency-Key: may have {LONGEST} characters at most.")
    found = call.session.get(StoredAnswer, (call.who.id, key))
    if found is None or found.at < call.now - idempotency.KEPT:
        return None
    if found.request_hash != _hash(call, said):
        message = "Idempotency-Key: was used for another request; use a new key for each."
        raise ApiError(422, "UNPROCESSABLE_ENTITY", message)
    return Reply(content=found.body, status=found.status, headers={"Idempotency-Replayed": "true"})


def keep(call: Call, route: Route, said: bytes, key: str, reply: Reply) -> None:
    """Keep an answer without what it alone tells, in the transaction that does what it tells of."""
    if route.shown_once:
        told = {name: value for name, value in reply.content.items() if name not in route.shown_once}
        reply = replace(reply, content=told | {"message": ONCE.format(" and ".join(route.shown_once))})
    idempotency.forget(call.session, before=call.now - idempotency.KEPT)
    own = StoredAnswer(user_id=call.who.id, key=key, request_hash=_hash(call, said), status=reply.status)
    own.body, own.at = to_bytes(reply), call.now
    call.session.merge(own)


def _hash(call: Call, said: bytes) -> str:
    """Return what tells requests apart; keyed, so that nobody finds out from a dump, by trying, what a body held."""
    return hmac.new(call.running.secret.encode(), said, hashlib.sha256).hexdigest()
