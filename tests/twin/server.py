"""One of the two servers, as the driver of cases speaks to it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import requests

Json: TypeAlias = Any
ENDED = ("FINISHED", "FAILED", "STOPPED", "CANCELED")


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    output: str


Terminal = Callable[[Sequence[str], Path], Ran]
"""Runs the words of a command in a folder; every question is answered with yes."""


class Server:
    """Sends requests as one of several users, and runs commands.

    Args:
        url: Root of the server.
        emails: E-mail address of each user, by name.
        password: The password of all of them.
        terminal: Where commands are run; None where none can be.
    """

    def __init__(self, url: str, emails: dict[str, str], password: str, terminal: Terminal | None = None) -> None:
        self.terminal = terminal
        self.url, self.emails, self.password = url, emails, password
        self.http = requests.Session()
        self.tokens: dict[str, str] = {}
        self.users: dict[str, int] = {}

    def sign_in(self, user: str) -> str:
        """Return the token of a user."""
        if user not in self.tokens:
            body = {"email": self.emails[user], "password": self.password}
            answer = self.http.post(f"{self.url}/api/requestAuthToken", json=body, timeout=120).json()
            self.tokens[user], self.users[user] = answer["auth_token"], answer["user_id"]
        return self.tokens[user]

    def send(self, method: str, path: str, user: str | None, **more: Any) -> requests.Response:
        """Send a request below the root of the server; ``user`` is a name, ``bad`` for a wrong token or None."""
        token = {"bad": "no-token"}.get(user or "") or (self.sign_in(user) if user else "")
        headers = {"Authorization": token} if token else {}
        self.http.cookies.clear()  # a cookie would sign in whoever was asked for before
        return self.http.request(method, self.url + path, headers=headers, timeout=120, allow_redirects=False, **more)

    def wait_for_job(self, job: str, limit: float = 60) -> requests.Response:
        """Return the answer on a job once it has ended.

        Raises:
            TimeoutError: It has not ended.
        """
        until, pause = time.monotonic() + limit, 0.05
        while time.monotonic() < until:
            answer = self.send("GET", f"/api/v3_0/jobs/{job}", "boss")
            if answer.json().get("status") in ENDED:
                return answer
            time.sleep(pause)
            pause = min(2 * pause, 1)
        raise TimeoutError(f"The job {job} has not ended.")
