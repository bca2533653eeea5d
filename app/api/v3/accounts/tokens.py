"""A token for an email address and a password."""

from typing import Annotated, TypedDict

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, post
from app.auth.access.sign_in import SignInAttempt, TooMany, authenticate
from app.auth.tokens import tokens
from app.login import second_factor
from app.usecases.fields import Body


class Credentials(Body):
    """Email and password of a user; neither is needed with the cookie of a session."""

    email: Annotated[str, Field(max_length=255)] = ""
    password: Annotated[str, Field(max_length=1024)] = ""
    code: Annotated[str, Field(max_length=10, description="The mailed code, where a second factor is needed")] = ""


class Token(TypedDict):
    """What to send in the Authorization header, and whose it is."""

    auth_token: str
    user_id: int


def request_token(call: Call, body: Credentials) -> Token:
    """Return a token for 6 hours; a signed-in browser needs no password. Who has an account here is told to nobody."""
    # The key of a machine must not turn into a token, which may do all that its user may.
    principal = call.principal if call.principal and call.principal.scopes is None else None
    if body.email:
        attempt = SignInAttempt(email=body.email, password=body.password, address=call.network_address)
        try:
            principal = authenticate(call.running.database, attempt, call.now, call.running.waiting).principal
            if principal and call.running.settings.SECURITY_TWO_FACTOR:
                if not body.code:
                    second_factor.mail_code(call.running, principal, call.now)
                    raise refused(401, "UNAUTHORIZED", "A code was mailed to you; ask again with it as code.")
                if not second_factor.accept(call.running, principal.id, body.code, call.now):
                    raise refused(401, "UNAUTHORIZED", second_factor.WRONG)
        except TooMany as error:
            headers = {"Retry-After": str(error.seconds)}
            raise ApiError(429, "TOO_MANY_REQUESTS", str(error), headers=headers) from None
    if principal is None:
        raise refused(401, "UNAUTHORIZED", "Wrong email address or password.")
    return Token(auth_token=tokens.issue(principal, secret=call.running.secret), user_id=principal.id)


def refused(code: int, word: str, message: str) -> ApiError:
    """Return the error in the shape that this endpoint is documented with."""
    return ApiError(code, word, message, extra={"errors": [message]})


ROOT = [post("/requestAuthToken", request_token, public=True, saves=False, pool="sign-in")]
