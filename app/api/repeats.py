"""Requests that carry an ``Idempotency-Key``: done once, and answered the same when they are repeated."""

import hashlib
from datetime import timedelta

from app.api.errors import ApiError
from app.api.route import Call, Reply, to_bytes
from db import repeats
from db.repeats import Answered

KEPT = timedelta(days=1)
LONGEST = 255


def answered(call: Call, said: bytes, key: str) -> Reply | None:
    """Return the answer to the same request of before; None if there was none.

    Raises:
        ApiError: The key is too long, or was used for another request.
    """
    if len(key) > LONGEST:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"Idempotency-Key: may have {LONGEST} characters at most.")
    found = call.work.get(Answered, (call.who.id, key))
    if found is None or found.at < call.now - KEPT:
        return None
    if found.request_hash != _hash(said):
        message = "Idempotency-Key: was used for another request; use a new key for each."
        raise ApiError(422, "UNPROCESSABLE_ENTITY", message)
    return Reply(content=found.body, status=found.status, headers={"Idempotency-Replayed": "true"})


def keep(call: Call, said: bytes, key: str, reply: Reply) -> None:
    """Keep an answer, in the transaction that does what it tells of."""
    repeats.forget(call.work, before=call.now - KEPT)
    own = Answered(user_id=call.who.id, key=key, request_hash=_hash(said), status=reply.status)
    own.body, own.at = to_bytes(reply), call.now
    call.work.merge(own)


def _hash(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()
