"""JSON in, JSON out, one shape of error, the work in threads."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler, stream_request_body

from app.api import gate, repeats
from app.api.errors import Invalid, answer
from app.api.multipart import Form, Raw, Received
from app.api.reading import parse
from app.api.route import Call, Pool, Reply, Route
from app.api.sending import packed, stream
from app.auth import cookies, tokens
from app.auth.headers import request_id
from app.auth.identity import SignedIn
from app.profiling import profiled
from app.running import Running
from app.version import API, COMPATIBLE, OWN
from db import jobs

LOG = logging.getLogger(__name__)
THREADS: Mapping[Pool, int] = {"read": 2, "write": 2, "heavy": 1}
"""Few, because they compute more than they wait: with 3, 4 and 2 one GET in a hundred waited three times as long."""
HOLDS = {"job": 2.0, "result": 8.0}
"""How long an answer is held back for a job that is not done [s]; published clients come back after 2, or after 10."""


class Service:
    """What all requests to the API share: the process they run in and its threads."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.in_flight = 0
        """Requests that are not answered yet."""
        self.pools = {name: ThreadPoolExecutor(size, f"api-{name}") for name, size in THREADS.items()}

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        for pool in self.pools.values():
            pool.shutdown(wait=True)


@stream_request_body
class Endpoint(RequestHandler):
    """All endpoints at one address; which function answers is in the route table."""

    routes: Mapping[str, Route]
    service: Service

    def initialize(self, routes: Mapping[str, Route], service: Service) -> None:
        """See RequestHandler."""
        self.routes, self.service = routes, service
        self._told_headers: dict[str, str] = {}
        self.received = Received(limit=self._limit())
        self._answering = self._ended = False
        service.in_flight += 1

    def set_default_headers(self) -> None:
        """Every answer of the API says what it is, whatever its status."""
        self.set_header("Content-Type", "application/json")
        self.set_header("FlexMeasures-Version", COMPATIBLE)
        self.set_header("API-Version", API)
        self.set_header("Flexscope-Version", OWN)
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        """Let what is too long be read to its end, so that the answer arrives."""
        connection = self.request.connection
        if isinstance(connection, HTTP1Connection):
            connection.set_max_body_size(16 * self.service.running.settings.FLEXSCOPE_MAX_UPLOAD_BYTES)

    def _limit(self) -> int:
        """Return how much of the body is taken [bytes]."""
        settings = self.service.running.settings
        upload = self.request.headers.get("Content-Type", "").startswith("multipart/")
        return settings.FLEXSCOPE_MAX_UPLOAD_BYTES if upload else settings.FLEXMEASURES_MAX_SENSOR_DATA_INGESTION_BYTES

    def on_finish(self) -> None:
        """See RequestHandler."""
        self._end()

    def on_connection_close(self) -> None:
        """See RequestHandler; a body that breaks off is never answered."""
        super().on_connection_close()
        if not self._answering:
            self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self.service.in_flight -= 1
            self.received.close()

    def data_received(self, chunk: bytes) -> None:
        """See RequestHandler."""
        self.received.add(chunk)

    def check_xsrf_cookie(self) -> None:
        """Only browsers with a session need the check: a token is never sent by itself."""
        if self._token() is None and self.get_cookie(cookies.COOKIE):
            super().check_xsrf_cookie()

    def compute_etag(self) -> None:
        """Nothing is cached, so hashing every answer would be in vain."""

    def _clear_representation_headers(self) -> None:
        """Keep the content type on 204: published clients read it before the status."""

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
        if route.holds:
            await self._hold(path["uuid"][:36], HOLDS[route.holds])
        work = partial(self._observed, route, path, datetime.now(UTC))
        pool = self.service.pools[route.threads]
        reply, body = await IOLoop.current().run_in_executor(pool, work)
        if reply.file is not None:
            self._begin(reply)
            await stream(self, reply.file)
            return
        self._send(reply, body)

    async def _hold(self, job_id: str, patience: float) -> None:
        """Wait a moment for a job: a short one is then answered by the first request."""
        loop, pool = IOLoop.current(), self.service.pools["read"]
        until, pause = loop.time() + patience, 0.01
        while await loop.run_in_executor(pool, self._is_pending, job_id) and loop.time() < until:
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, 0.25)

    def _is_pending(self, job_id: str) -> bool:
        if self._asker() is None:
            return False
        with self.service.running.database.reading() as work:
            return jobs.is_pending(work, job_id)

    def _observed(self, route: Route, path: dict[str, str], now: datetime) -> tuple[Reply, bytes]:
        """Answer, under a profile if the settings ask for one."""
        with profiled(self.service.running.settings, self.request.method or "", self.request.path):
            return self._answer(route, path, now)

    def _answer(self, route: Route, path: dict[str, str], now: datetime) -> tuple[Reply, bytes]:
        """Do all the work of one request, in a thread; nothing is read for who may not ask."""
        asker = self._asker()
        self._told_headers |= gate.enter(self.service.running, route, asker, self.request.remote_ip or "")
        call_with: dict[str, Any] = {name: int(text) if name == "id" else text for name, text in path.items()}
        call_with |= self._read(route)
        database = self.service.running.database
        with database.writing() if route.writes else database.reading() as work:
            call = Call(
                running=self.service.running,
                asker=asker,
                work=work,
                now=now,
                address=address(self.request, self.service.running.settings.FLEXSCOPE_PATH_PREFIX),
                headers=self.request.headers,
                network_address=self.request.remote_ip or "",
            )
            key = self.request.headers.get("Idempotency-Key") if route.writes and call.asker else None
            if key and (before := repeats.answered(call, self._said(), key)) is not None:
                return before, before.content
            with gate.counting(call, route):
                content = route.function(call, **call_with)
            if key:
                repeats.keep(call, self._said(), key, _reply(content, route))
        for afterwards in call.afterwards:
            afterwards()
        return packed(_reply(content, route), self.request.headers.get("Accept-Encoding", ""))

    def _said(self) -> bytes:
        """Return what makes one request differ from another."""
        return f"{self.request.method} {self.request.uri}\n".encode() + self.received.raw()

    def _asker(self) -> SignedIn | None:
        running = self.service.running
        token = self._token()
        if token is not None:
            return tokens.bearer(token, running.identities, secret=running.secret, settings=running.settings)
        known = cookies.read(self, running)
        return running.identities.find(*known) if known else None

    def _token(self) -> str | None:
        header = self.request.headers.get(self.service.running.settings.SECURITY_TOKEN_AUTHENTICATION_HEADER)
        return header.removeprefix("Bearer ").strip() if header else None

    def _read(self, route: Route) -> dict[str, Any]:
        """Return query and body as the models the function wants."""
        found: dict[str, Any] = {}
        query, body = route.model("query"), route.model("body")
        settings = self.service.running.settings
        if query is not None:
            given = {name: _text(name, values[-1]) for name, values in self._arguments().items()}
            if route.method == "GET":
                given = self.received.message() | given
            found["query"] = parse(query, given, "query", settings)
        if body is Form:
            found["body"] = self.received.uploaded(self.request.headers)
        elif body is Raw:
            media = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            found["body"] = Raw(content=self.received.raw(), media=media)
        elif body is not None:
            found["body"] = parse(body, self.received.message(), "json", settings)
        return found

    def _arguments(self) -> dict[str, list[bytes]]:
        return self.request.query_arguments

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
        status, body, headers = answer(error, status_code)
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


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Invalid("query", {name: ["is not text in UTF-8."]}) from None


def _reply(content: Any, route: Route) -> Reply:
    return content if isinstance(content, Reply) else Reply(content=content, status=route.status)


def address(request: HTTPServerRequest, prefix: str) -> str:
    """Return scheme, host and prefix by which a client reached this server."""
    return f"{request.protocol}://{request.host}{prefix}"
