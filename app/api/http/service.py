"""What all requests to the API share: the process they run in, and what of it is in use."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import TypeAlias

from app.running import Running

REMEMBERED = 20_000
"""Logins whose user is kept in mind."""
HELD = 20
"""Answers that are held back for one user at a time; further ones tell at once how far the job is."""
Credential: TypeAlias = str | None
"""What a request proves with whose it is: a token, or the value of a cookie."""


class Service:
    """One per process."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.in_flight = 0
        """Requests that are not answered yet."""
        self.receiving: Counter[str] = Counter()
        """How much of bodies is kept at the moment, by where they come from [bytes]."""
        self.held: Counter[Hashable] = Counter()
        """Answers held back at the moment, by whose share they take."""
        self._proven: OrderedDict[bytes, int] = OrderedDict()

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        self.running.pools.close()

    def user_of(self, credential: Credential) -> int | None:
        """Id of the user whose share of the threads a request takes, as its credential proved; grants nothing."""
        if not credential:
            return None
        key = _key(credential)
        found = self._proven.get(key)
        if found is not None:
            self._proven.move_to_end(key)
        return found

    def note(self, credential: Credential, user_id: int | None) -> None:
        """Keep in mind whose a credential was found to be; None: nobody's."""
        if not credential:
            return
        if user_id is None:
            self._proven.pop(_key(credential), None)
            return
        self._proven[_key(credential)] = user_id
        if len(self._proven) > REMEMBERED:
            # The one that has not come for longest is forgotten first.
            self._proven.popitem(last=False)


def _key(credential: str) -> bytes:
    # As a hash: what is kept in mind between requests need hold no secret.
    return hashlib.blake2b(credential.encode("utf-8", "replace"), digest_size=16).digest()
