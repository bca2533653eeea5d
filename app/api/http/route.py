"""One endpoint as one line of a route table, and what its function is given and gives back.

A function takes a ``Call``, the identifiers of its path by name, and, where it wants them, ``query`` and ``body`` as
pydantic models; what it returns is sent as JSON. The specification in ``app/api/http/openapi.py`` is read off the same
lines.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, BinaryIO, Literal, TypeAlias

import orjson
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.api.http.errors import NotSignedIn
from app.auth.access.identity import SignedIn
from app.fair_pools import Name
from app.running import Running
from app.usecases.actor import Actor

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Scope: TypeAlias = Literal["read", "data", "schedule"]
JSON = "application/json"
PARAMETER = re.compile(r"\{(\w+)\}")
# Nine digits, as more may not fit into the integers of a database.
PATTERNS = {"id": r"\d{1,9}", "uuid": r"[0-9a-zA-Z-]{1,64}"}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that is more than its content."""

    content: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON
    """Content type; anything but JSON has bytes as its content."""
    file: BinaryIO | None = None
    """What is sent piece by piece in the place of the content, and closed then."""


def to_bytes(reply: Reply) -> bytes:
    """Return the content of an answer as it is sent."""
    if isinstance(reply.content, bytes):
        return reply.content

    def plain(answer: Any) -> Any:
        if isinstance(answer, BaseModel):
            return answer.model_dump(by_alias=True)
        raise TypeError  # orjson then names the type that it cannot write

    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(reply.content, default=plain, option=options)


Save: TypeAlias = Callable[["Call"], Any]
"""Saves, in a session that writes, what a function computed in one that reads, and returns the answer."""


@dataclass(kw_only=True)
class Call:
    """One request on its way through one endpoint."""

    running: Running
    principal: SignedIn | None
    """The signed-in user whose rights hold; None: nobody is signed in."""
    session: Session
    """Session of this request: read-only for GET; else committed when the function returns."""
    now: datetime
    """When the request arrived, in UTC: the time of knowledge of everything in it."""
    address: str
    """Scheme, host and prefix of this server as the client sees it, such as ``http://localhost:5000``."""
    headers: Mapping[str, str]
    network_address: str = ""
    """Where the request comes from."""
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    """What to do once everything is committed, such as telling the queue."""

    @property
    def user(self) -> SignedIn:
        """The signed-in user.

        Raises:
            NotSignedIn: There is none.
        """
        if self.principal is None:
            raise NotSignedIn
        return self.principal

    @property
    def actor(self) -> Actor:
        """The signed-in user as use cases know who acts."""
        return Actor(principal=self.user, settings=self.running.settings, now=self.now)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One endpoint."""

    method: Method
    path: str
    """Below the API's root, such as ``/assets/{id}``."""
    function: Callable[..., Any]
    status: int = 200
    public: bool = False
    """Whether it answers without a token."""
    pool: Name | None = None
    """Threads that do the work; None: those for reading on GET, else those for writing."""
    computes: bool = False
    """Whether its function reads and computes, and gives back what saves; see ``app/api/http/acting.py``."""
    saves: bool | None = None
    """Whether the session may write; None: unless the method is GET."""
    holds: Literal["job", "result"] | None = None
    """What is waited for a moment before answering: see ``app/api/http/base.py``."""
    documented: bool = True
    media: tuple[str, ...] = (JSON,)
    """Content types that a success may have."""
    secret_fields: tuple[str, ...] = ()
    """Fields of the answer that are secret: only the first answer tells them, and nothing keeps them."""
    scope: Scope | None = None
    """What an access key must be good for; None: reading where the method is GET, else no key will do."""

    @property
    def needs(self) -> Scope | None:
        """What an access key must be good for; None if no key will do."""
        return self.scope or ("read" if self.method == "GET" else None)

    @property
    def is_trigger(self) -> bool:
        """Whether it starts a job."""
        return self.scope == "schedule" and self.writes

    @property
    def threads(self) -> Name:
        """Threads that do the work."""
        return self.pool or ("write" if self.writes else "read")

    @property
    def writes(self) -> bool:
        """Whether the session may write."""
        return self.method != "GET" if self.saves is None else self.saves

    @property
    def pattern(self) -> str:
        """The path as a regular expression, with a named group for each identifier."""
        return PARAMETER.sub(lambda name: f"(?P<{name[1]}>{PATTERNS.get(name[1], '[^/]+')})", self.path) + "/?"

    @cached_property
    def signature(self) -> Mapping[str, inspect.Parameter]:
        """Parameters of the function by name."""
        return inspect.signature(self.function, eval_str=True).parameters

    def model(self, part: Literal["query", "body"]) -> Any:
        """Return the pydantic model of a part of the request, or Form; None if the function does not look at it."""
        found = self.signature.get(part)
        return found.annotation if found else None


def get(path: str, function: Callable[..., Any], **more: Any) -> Route:
    """Return a route that reads."""
    return Route(method="GET", path=path, function=function, **more)


def post(path: str, function: Callable[..., Any], **more: Any) -> Route:
    """Return a route that makes something or starts something."""
    return Route(method="POST", path=path, function=function, **more)


def put(path: str, function: Callable[..., Any], **more: Any) -> Route:
    """Return a route that puts something in the place of what is there."""
    return Route(method="PUT", path=path, function=function, **more)


def patch(path: str, function: Callable[..., Any], **more: Any) -> Route:
    """Return a route that changes a row."""
    return Route(method="PATCH", path=path, function=function, **more)


def delete(path: str, function: Callable[..., Any], **more: Any) -> Route:
    """Return a route that removes a row."""
    return Route(method="DELETE", path=path, function=function, **{"status": 204, **more})
