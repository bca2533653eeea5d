"""A token for an email address and a password."""

from typing import Annotated, TypedDict

from pydantic import Field

from app.api.errors import ApiError
from app.api.fields import Body
from app.api.route import Call, post
from app.auth import tokens
from app.auth.login import authenticate


class Credentials(Body):
    """Email and password of a user; neither is needed with the cookie of a session."""

    email: Annotated[str, Field(max_length=255)] = ""
    password: Annotated[str, Field(max_length=1024)] = ""


class Token(TypedDict):
    """What to send in the Authorization header, and whose it is."""

    auth_token: str
    user_id: int


def request_token(call: Call, body: Credentials) -> Token:
    """Return a token for 6 hours; a signed-in browser needs no password."""
    who = call.asker
    if body.email:
        known, who = authenticate(call.running.database, body.email, body.password)
        if not known:
            raise refused(404, "NOT_FOUND", f"There is no active user with the email address {body.email!r}.")
    if who is None:
        raise refused(401, "UNAUTHORIZED", "This email address and password do not fit together.")
    return Token(auth_token=tokens.issue(who, secret=call.running.secret), user_id=who.id)


def refused(code: int, word: str, message: str) -> ApiError:
    """Return the error in the shape that this endpoint is documented with."""
    return ApiError(code, word, message, extra={"errors": [message]})


ROUTES = [post("/requestAuthToken", request_token, public=True, saves=False, pool="heavy")]
