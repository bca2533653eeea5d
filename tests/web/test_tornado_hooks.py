"""Each hook into Tornado, against the library as it is installed: a release that changes it fails here first."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.routing import PathMatches, Rule
from tornado.testing import bind_unused_port
from tornado.web import Application, GZipContentEncoding, OutputTransform, RequestHandler

from app.platform_hooks import tornado_hooks
from tests.http.serving import alone


class Empty(RequestHandler):
    """Answers 204."""

    def get(self) -> None:
        """Answer."""
        self.set_header("Content-Type", "application/json")
        self.set_status(204)


class EmptyButNamed(tornado_hooks.KeepsContentType, Empty):
    """Answers 204 with a content type."""


def asked(application: Any, work: Callable[[int, HTTPServer], Awaitable[Any]]) -> Any:
    """Return what some work with a server of an application returns."""

    async def run() -> Any:
        server, (socket, port) = HTTPServer(application), bind_unused_port()
        server.add_socket(socket)
        try:
            return await work(port, server)
        finally:
            server.stop()

    return alone(run())


def answer(application: Application) -> HTTPResponse:
    """Return the answer to a request for the root."""
    return asked(application, lambda port, _: AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/", raise_error=False))


@pytest.mark.parametrize(("handler", "kind"), [(EmptyButNamed, "application/json"), (Empty, None)])
def test_only_with_the_hook_an_empty_answer_says_what_it_is(handler: type[RequestHandler], kind: str | None):
    """The hook can go when the second one fails."""
    found = answer(Application([("/", handler)]))
    assert found.code == 204 and found.headers.get("Content-Type") == kind


def test_a_transform_comes_before_what_compresses():
    class Named(OutputTransform):
        """Names itself."""

        def __init__(self, request: object) -> None:
            """Take any request."""

        def transform_first_chunk(self, status: int, headers: Any, chunk: bytes, finishing: bool) -> Any:
            """See OutputTransform."""
            headers["X-Compressed"] = headers.get("Content-Encoding", "no")
            return status, headers, chunk

    application = Application([("/", Empty)], compress_response=True)
    tornado_hooks.transform_first(application, Named)
    assert application.transforms == [Named, GZipContentEncoding]
    assert answer(application).headers["X-Compressed"] == "no"


def test_a_rule_is_tried_before_those_of_the_application():
    application = Application([("/.*", Empty)])
    tornado_hooks.route_first(application, [Rule(PathMatches("/"), EmptyButNamed)])
    assert answer(application).headers["Content-Type"] == "application/json"


def test_half_a_head_is_seen_to_wait():
    connections: list[Any] = []

    class Taking(HTTPServerConnectionDelegate):
        """Keeps the connections."""

        def start_request(self, server_conn: object, request_conn: Any) -> Any:
            """See HTTPServerConnectionDelegate."""
            connections.append(server_conn)
            return application.start_request(server_conn, request_conn)

    application = Application([("/", Empty)])

    async def half(port: int, _server: HTTPServer) -> int:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HT")
        await writer.drain()
        for _ in range(500):
            if connections and tornado_hooks.waiting_bytes(connections[0]):
                break
            await asyncio.sleep(0.01)
        writer.close()
        return tornado_hooks.waiting_bytes(connections[0])

    assert asked(Taking(), half) == len(b"GET / HT")
