"""Our error classes → status codes and bodies; the only place that decides them.

Only our own classes are in the table: a stray ``KeyError`` stays a 500, is logged, and tells the client nothing.
"""

from http import HTTPStatus
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from app.auth.access.access import NotAllowed
from app.fair_pools import Crowded
from app.jobs.retries import QueueDown
from app.usecases.inputs import Invalid
from app.usecases.jobs.jobs import WrongState
from db.beliefs.merge import WriteConflict
from db.core import faults
from db.core.database import NotFound
from engine.errors import EngineError, FieldError, InputError, SolveError, keys_of
from engine.importing.layout import Undecided

Body = dict[str, Any]


class ApiError(EngineError):
    """A request that is refused with a status and a status word of its own.

    Attributes:
        code: HTTP status.
        word: The status word clients look for, such as ``UNKNOWN_SCHEDULE``.
        extra: Further fields of the answer.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        code: int,
        word: str,
        message: str,
        *,
        extra: Body | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.code, self.word = code, word
        self.extra, self.headers = extra or {}, headers or {}
        super().__init__(message)


class NotSignedIn(ApiError):
    """The request carries no valid token or cookie."""

    def __init__(self) -> None:
        super().__init__(
            401,
            "UNAUTHORIZED",
            "You are not signed in; send a token from POST /api/requestAuthToken in the Authorization header.",
            headers={"WWW-Authenticate": "Token"},
        )


# The first that fits counts, so that a class stands before those that it derives from.
STATUS: dict[type[Exception], tuple[int, str]] = {
    NotAllowed: (403, "INVALID_SENDER"),
    NotFound: (404, "NOT_FOUND"),
    WriteConflict: (403, "INVALID_REPLACEMENT"),
    WrongState: (409, "CONFLICT"),
    SolveError: (422, "UNPROCESSABLE_ENTITY"),
    InputError: (422, "UNPROCESSABLE_ENTITY"),
    EngineError: (422, "UNPROCESSABLE_ENTITY"),
    IntegrityError: (409, "CONFLICT"),
    DataError: (422, "UNPROCESSABLE_ENTITY"),
}
SENTENCES = {
    400: "The request cannot be read.",
    410: "This version of the API has ended; use v3_0.",
    404: "There is nothing at this address; GET /api/v3_0 lists what there is.",
    405: "This address does not take this method.",
    500: "Something went wrong on the server; it is logged there.",
}
"""What a client is told of a plain status."""
REJECTED = {"result": "Rejected"}
"""What clients of FlexMeasures find in answers that refuse what was sent."""
PHRASES = {status.value: status.phrase for status in HTTPStatus}
WORDS = {400: "INVALID_REQUEST", 401: "UNAUTHORIZED", 403: "INVALID_SENDER", 405: "INVALID_METHOD", 410: "GONE"}


def answer(error: BaseException | None, code: int = 500, *, where: str = "json") -> tuple[int, Body, dict[str, str]]:
    """Return status, body and headers that tell a client of an error.

    Args:
        error: What was raised; None for a plain status.
        code: The status where the error is none of ours.
        where: The part of the request that fields without a place of their own are in.
    """
    if isinstance(error, ApiError):
        rejected = REJECTED if error.code in (400, 403, 422) else {}
        return error.code, _body(error.word, str(error)) | rejected | error.extra, error.headers
    if isinstance(error, Crowded):
        code, word = (429, "TOO_MANY_REQUESTS") if error.own else (503, "SERVER_BUSY")
        return code, _body(word, str(error)), {"Retry-After": str(error.retry_after)}
    if isinstance(error, QueueDown):
        body = _body("QUEUE_UNAVAILABLE", str(error)) | {"job": error.job_id}
        return 503, body, {"Retry-After": str(error.retry_after)}
    if error is not None and faults.passes(error):
        gone = faults.Unavailable()
        return 503, _body("DATABASE_UNAVAILABLE", str(gone)), {"Retry-After": str(gone.retry_after)}
    if isinstance(error, FieldError | Invalid | Undecided):
        return 422, _of_fields(error, where), {}
    for kind, (status, word) in STATUS.items():
        if isinstance(error, kind):
            if status == 422:  # about several fields, or none of them
                return 422, _of_fields(Invalid(where, {"_schema": [faults.sentence(error)]}), where), {}
            return status, _body(word, faults.sentence(error)) | (REJECTED if status == 403 else {}), {}
    phrase = PHRASES.get(code, "Error")
    return code, _body(WORDS.get(code, phrase.upper().replace(" ", "_")), SENTENCES.get(code, f"{phrase}.")), {}


def _body(word: str, message: str | Body) -> Body:
    return {"status": word, "message": message}


def _of_fields(error: FieldError | Invalid | Undecided, where: str) -> Body:
    """Body that names each wrong field by the keys that lead to it; of a file, with the questions it leaves open."""
    more: Body = {}
    if isinstance(error, FieldError):
        owner = "" if error.owner in error.problem else error.owner
        fields = {error.field: [": ".join(filter(None, (owner, error.problem)))]}
    elif isinstance(error, Invalid):
        where, fields = error.where, error.fields
    else:
        where = "query"
        fields = {question.field: [f"{question.text} {question.way_out}"] for question in error.questions}
        more = {"questions": [question.document() for question in error.questions]}
    return _body("UNPROCESSABLE_ENTITY", {where: _nested(fields)}) | REJECTED | more


def _nested(fields: dict[str, list[str]]) -> Body:
    """Return what is wrong with fields under the keys and indices that lead to each, as in the JSON that was sent."""
    tree: Body = {}
    for field, problems in fields.items():
        *outer, last = keys_of(field)
        level = tree
        for key in outer:
            inner = level.setdefault(key, {})
            level[key] = level = inner if isinstance(inner, dict) else {"_schema": inner}
        known = level.get(last)
        level[last] = {**known, "_schema": problems} if isinstance(known, dict) else [*(known or ()), *problems]
    return tree
