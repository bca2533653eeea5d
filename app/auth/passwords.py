"""Password hashes: argon2id with the library's current parameters."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import FieldError

SHORTEST, LONGEST = 8, 1024
"""Fewest characters that are not guessed at once; most that are worth hashing."""


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """Return a hash no one's password has, to spend the same time on an unknown user as on a known one."""
    return _hasher().hash("a password that opens nothing")


def hashed(password: str) -> str:
    """Return the argon2id hash to store.

    Raises:
        FieldError: The password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise FieldError("password", f"choose one of {SHORTEST} to {LONGEST} characters.")
    return _hasher().hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed; None stands for an unknown user and takes as long."""
    try:
        fits = _hasher().verify(password_hash or _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None
