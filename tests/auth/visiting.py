"""Pages as a browser gets them, without a browser: the answer, its websocket, and what is sent over it."""

import asyncio
import json
import re
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from bokeh.document import Document
from bokeh.document.events import MessageSentEvent
from bokeh.events import DocumentReady
from bokeh.protocol import Protocol
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.finding import part
from tests.http.serving import Api, alone

LIVE = "/sensors/1?tab=bars"
"""A page with a live part, which has a session of Bokeh and a websocket; most pages are text and have none."""
PATIENCE = 120.0
"""How long the next message of a page may take [s]."""


def token_of(answer: requests.Response) -> str:
    """Return what a page carries for its websocket."""
    return part(r'"token": "([^"]+)"', unescape(answer.text))


async def opened(site: Api, path: str, *, cookie: str | None, token: str) -> WebSocketClientConnection:
    """Open the websocket of a page."""
    at = urlsplit(path)
    address = f"{site.url.replace('http', 'ws', 1)}{at.path.rstrip('/')}/ws?{at.query}"
    headers = {"Origin": site.url} | ({"Cookie": f"flexscope_session={cookie}"} if cookie else {})
    return await websocket_connect(HTTPRequest(address, headers=headers), subprotocols=["bokeh", token])


def cookie_of(browser: requests.Session) -> str:
    """Return the cookie that stands for the session of a browser."""
    return (browser.cookies["flexscope_session"] or "").strip('"')


def seen(site: Api, browser: requests.Session, path: str, until: str) -> str:
    """Return a page as it is and everything it sends, until some words are in it (a regular expression)."""
    answer = browser.get(site.url + path, timeout=PATIENCE, allow_redirects=False)
    assert answer.status_code == 200, (path, answer.status_code)
    text = unescape(answer.text)
    if '"token": "' not in text or re.search(until, text):
        return text
    return text + alone(_read(site, path, cookie_of(browser), token_of(answer), until))


async def _read(site: Api, path: str, cookie: str, token: str, until: str) -> str:
    socket = await opened(site, path, cookie=cookie, token=token)
    for _ in range(3):  # the parts of its first message, which says that it is ready to be told something
        await socket.read_message()
    shown = MessageSentEvent(Document(), "bokeh_event", DocumentReady())
    for message in (Protocol().create("PULL-DOC-REQ"), Protocol().create("PATCH-DOC", [shown])):
        for fragment in (message.header_json, message.metadata_json, message.content_json):
            await socket.write_message(fragment)
    got = ""
    try:
        said: str | bytes | None = ""
        while not (isinstance(said, str) and re.search(until, said)):
            said = await asyncio.wait_for(socket.read_message(), PATIENCE)
            assert said is not None, f"{path} was closed: {socket.close_reason}"
            got += said if isinstance(said, str) else ""
    except TimeoutError:
        raise AssertionError(f"{path} never said {until!r}; it said {got[-2000:]}") from None
    finally:
        socket.close()
    return got


class Outcome(NamedTuple):
    """What a page answers to something that is done there."""

    event: str
    """done, asked or refused."""
    detail: dict[str, Any]
    html: str
    """The page as it is then; empty where it stays."""


def act(site: Api, browser: requests.Session, path: str, word: str, *, agreed: bool = False, **values: Any) -> Outcome:
    """Do something on a page, as its forms and buttons do it."""
    browser.get(site.url + path, timeout=PATIENCE)  # it brings the cookie that forms send back
    sent = {"values": json.dumps(values)} | ({"agreed": "yes"} if agreed else {})
    headers = {"X-XSRFToken": browser.cookies["_xsrf"] or "", "HX-Request": "true"}
    address = f"{site.url}{path}{'&' if '?' in path else '?'}do={word}"
    answer = browser.post(address, data=sent, headers=headers, timeout=PATIENCE, allow_redirects=False)
    assert answer.status_code == 200, answer.text
    ((event, detail),) = json.loads(answer.headers["HX-Trigger"]).items()
    return Outcome(event, detail, unescape(answer.text))
