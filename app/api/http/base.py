"""JSON in, JSON out, one shape of error, the work in threads."""

import asyncio
import logging
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any

import orjson
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from app.api.http import acting
from app.api.http.acting import Request
from app.api.http.bodies import Receiving, packed, stream
from app.api.http.errors import NotSignedIn, answer
from app.api.http.multipart import MultipartForm, Raw
from app.api.http.profiles import profiled
from app.api.http.route import Reply, Route
from app.api.http.service import HELD
from app.auth.access.identity import SignedIn
from app.auth.protection.headers import request_id
from app.auth.tokens import tokens
from app.fair_pools import Crowded
from app.login import cookies
from app.platform_hooks.tornado_hooks import KeepsContentType
from app.usecases.inputs import Invalid, read_input
from app.version import API, COMPATIBLE, OWN
from db.jobs import jobs

LOG = logging.getLogger(__name__)
HOLDS = {"job": 2.0, "result": 8.0}
"""How long an answer is held back for a job that is not done [s]; published clients come back after 2, or after 10."""


class Endpoint(KeepsContentType, Receiving):
    """All endpoints at one address; which function answers is in the route table."""

    def set_default_headers(self) -> None:
        """Every answer of the API says what it is, whatever its status."""
        self.set_header("Content-Type", "application/json")
        self.set_header("FlexMeasures-Version", COMPATIBLE)
        self.set_header("API-Version", API)
        self.set_header("Flexscope-Version", OWN)
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> None:
        """Nothing is cached, so hashing every answer would be in vain."""

    async def get(self, **path: str) -> None:
        """Answer by the function in the route table."""
        await self._serve(path)

    post = put = patch = delete = get

    async def options(self, **path: str) -> None:
        """Answer browsers that ask whether a page of another site may use this address."""
        self.set_status(204)

    async def _serve(self, path: dict[str, str]) -> None:
        self._answering = True
        route = self.routes.get(self.request.method or "")
        if route is None:
            raise HTTPError(405)
        self._check_xsrf()
        whose, now = await self._whose(route), datetime.now(UTC)
        if self._crowded:
            raise Crowded(own=True)
        if route.holds:
            await self._hold(path["uuid"][:36], HOLDS[route.holds], whose)

        def answer() -> tuple[Reply, bytes]:
            with profiled(self.service.running.settings, self.request.method or "", self.request.path):
                return self._answer(route, path, now)

        try:
            reply, body = await self.service.running.pools[route.threads].run(whose, answer)
        except NotSignedIn:
            # Else the credential would go on to count as that user until it is forgotten
            self.service.note(self.credential(), None)
            raise
        if reply.file is not None:
            self._begin(reply)
            await stream(self, reply.file)
            return
        self._send(reply, body)

    async def _whose(self, route: Route) -> Hashable:
        """Return whose share of the threads this request takes: a user's, or of the address nobody is known at.

        Raises:
            NotSignedIn: It proves nothing, and has to.
        """
        if route.public:
            return ("from", self._from, self.received.email() if route.pool == "sign-in" else "")
        if not self.credential():
            raise NotSignedIn
        user = self.service.user_of(self.credential())
        if user is None:
            nobody = ("from", self._from)
            principal = await self.service.running.pools["check"].run(nobody, self._principal)
            if principal is None:
                raise NotSignedIn
            user = principal.id
            self.service.note(self.credential(), user)
        return user

    async def _hold(self, job_id: str, patience: float, whose: Hashable) -> None:
        """Wait a moment for a job: a short one is then answered by the first request."""
        if self.service.held[whose] >= HELD:
            return

        def is_pending() -> bool:
            if self._principal() is None:
                return False
            with self.service.running.database.reading() as session:
                return jobs.is_pending(session, job_id)

        self.service.held[whose] += 1
        loop, pool = IOLoop.current(), self.service.running.pools["read"]
        until, pause = loop.time() + patience, 0.01
        try:
            # Short jobs end within milliseconds, long ones need no quick answer: the pauses grow.
            while await pool.run(whose, is_pending) and loop.time() < until:
                await asyncio.sleep(pause)
                pause = min(pause * 1.2, 0.25)
        finally:
            self.service.held[whose] -= 1
            # Or the table would grow with every user there ever was
            if not self.service.held[whose]:
                del self.service.held[whose]

    def _answer(self, route: Route, path: dict[str, str], now: datetime) -> tuple[Reply, bytes]:
        """Do all the work of one request, in a thread; nothing is read for who may not ask."""
        principal, running = self._principal(), self.service.running
        self._told_headers |= acting.enter(running, route, principal, self.request.remote_ip or "")
        given: dict[str, Any] = {name: int(text) if name == "id" else text for name, text in path.items()}
        given |= self._read(route)
        key = self.request.headers.get("Idempotency-Key") if route.writes else None
        # What makes one request differ from another; without a key nobody compares them.
        said = f"{self.request.method} {self.request.uri}\n".encode() + self.received.raw() if key else b""
        request = Request(
            running=running,
            principal=principal,
            now=now,
            address=address(self.request, running.settings.FLEXSCOPE_PATH_PREFIX),
            headers=self.request.headers,
            network_address=self.request.remote_ip or "",
            key=key,
            said=said,
        )
        return packed(acting.done(route, request, given), self.request.headers.get("Accept-Encoding", ""))

    def _principal(self) -> SignedIn | None:
        running = self.service.running
        token = self._token()
        if token is not None:
            return tokens.bearer(token, running.identities, secret=running.secret, settings=running.settings)
        known = cookies.read(self, running)
        return running.identities.find(*known) if known else None

    def _read(self, route: Route) -> dict[str, Any]:
        """Return query and body as the models the function wants."""
        found: dict[str, Any] = {}
        query, body = route.model("query"), route.model("body")
        settings = self.service.running.settings
        if query is not None:
            given: dict[str, Any] = {}
            for name, values in self.request.query_arguments.items():
                try:
                    given[name] = values[-1].decode()
                except UnicodeDecodeError:
                    raise Invalid("query", {name: ["is not text in UTF-8."]}) from None
            if route.method == "GET":
                given = self.received.message() | given
            found["query"] = read_input(query, given, settings, "query")
        if body is MultipartForm:
            found["body"] = self.received.uploaded(self.request.headers)
        elif body is Raw:
            media = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            found["body"] = Raw(content=self.received.raw(), media=media)
        elif body is not None:
            found["body"] = read_input(body, self.received.message(), settings)
        return found

    def _begin(self, reply: Reply) -> None:
        self.set_status(reply.status)
        self.set_header("Content-Type", reply.media)
        for name, value in (self._told_headers | dict(reply.headers)).items():
            self.set_header(name, value)

    def _send(self, reply: Reply, body: bytes) -> None:
        self._begin(reply)
        self.finish(None if reply.status == 204 else body)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer any error in one shape."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        where = "query" if self.request.method in ("GET", "HEAD") else "json"
        status, body, headers = answer(error, status_code, where=where)
        self._send(Reply(status=status, headers=headers), orjson.dumps(body))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what is our fault; what the client did wrong is told to the client."""
        status = answer(value)[0]
        told = self.request.method, self.request.path, request_id(self.request)
        if status == 503 and value is not None:
            LOG.warning("%s %s waits, request %s: %s", *told, value)
        elif status >= 500 and not isinstance(value, HTTPError):
            LOG.error("%s %s failed, request %s", *told, exc_info=value)


class NothingHere(Endpoint):
    """Any address under /api that no route has."""

    async def _serve(self, path: dict[str, str]) -> None:
        raise HTTPError(404)


def address(request: HTTPServerRequest, prefix: str) -> str:
    """Return scheme, host and prefix by which a client reached this server."""
    return f"{request.protocol}://{request.host}{prefix}"
