"""Password hashes: argon2id with the library's current parameters; bcrypt ones of an import are understood."""

from functools import cache

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import get_default_parameters

from engine.errors import FieldError

SHORTEST, LONGEST = 8, 1024
"""Fewest characters that are not guessed at once; most that are worth hashing."""
BCRYPT = ("$2a$", "$2b$", "$2y$")
BCRYPT_READS = 72
"""Bytes of a password that bcrypt looks at."""
COST = get_default_parameters()
"""What a hash takes: 64 MiB of memory and some 0.1 s of a processor."""


def _hasher() -> PasswordHasher:
    return PasswordHasher.from_parameters(COST)


@cache
def _nobody() -> str:
    """A hash of no user's password, to spend the same time on an unknown user as on a known one."""
    return _hasher().hash("a password that opens nothing")


def hashed(password: str) -> str:
    """Return the argon2id hash to store.

    Raises:
        FieldError: The password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise FieldError("password", f"choose one of {SHORTEST} to {LONGEST} characters.")
    return _hasher().hash(password)


def unusable() -> str:
    """Stored in place of a hash for a user without a password, who signs in at a provider."""
    return "!"


def matches(password_hash: str | None, password: str) -> bool:
    """Return whether a password is the one that was hashed; None stands for an unknown user and takes as long."""
    if password_hash is not None and password_hash.startswith(BCRYPT):
        try:
            # bcrypt 5 refuses longer ones; older versions, by which imported hashes were made, ignored the rest.
            return bcrypt.checkpw(password.encode()[:BCRYPT_READS], password_hash.encode())
        except ValueError:  # not a hash after all
            return False
    try:
        usable = password_hash is not None and password_hash != unusable()
        # Verified against some hash in every case: how long it takes does not tell whether the user is known.
        # Longer ones were never stored; hashing them would be work of a stranger's choice.
        fits = _hasher().verify(password_hash if password_hash and usable else _nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return fits and usable


def is_outdated(password_hash: str) -> bool:
    """Return whether a password is to be hashed anew once it is known: by bcrypt, or with weaker parameters."""
    return password_hash.startswith(BCRYPT) or _hasher().check_needs_rehash(password_hash)
