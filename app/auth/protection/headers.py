"""Headers of every answer: what browsers must not do, which other sites may read it, and the id of its log lines."""

import logging
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform, RequestHandler

from app.settings.settings import Settings
from db.core.faults import RETRY_AFTER

ACCESS = logging.getLogger("flexscope.access")
# It is repeated in the answer and in log lines, which nothing in it may break.
OWN_ID = re.compile(r"[\w-]{1,64}")
AGAIN = {"Retry-After": str(RETRY_AFTER)}
STRICT = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"
"""Policy of HTML that Panel does not make: no script that stands in it runs, and none that is put together."""
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
READABLE = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-Request-Id, Location"


def request_id(request: HTTPServerRequest) -> str:
    """Return the identifier of a request: the client's own, if it is a plain one, else a new one, which it keeps."""
    if not OWN_ID.fullmatch(request.headers.get("X-Request-Id", "")):
        request.headers["X-Request-Id"] = secrets.token_hex(8)
    return request.headers["X-Request-Id"]


def protecting(settings: Settings, is_page: Callable[[str], bool]) -> type[OutputTransform]:
    """Transform that adds to every answer the headers that the settings ask for.

    Args:
        settings: They say which.
        is_page: Whether a path, without the prefix of the server, is one of a page that Panel makes.
    """
    pages, strict = _policies(settings)
    fixed = _fixed(settings)

    class Protecting(OutputTransform):
        """Adds headers to one answer."""

        def __init__(self, request: HTTPServerRequest) -> None:
            self._request = request

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            """See OutputTransform."""
            for name, value in (fixed | (AGAIN if status_code in (429, 503) else {})).items():
                headers.setdefault(name, value)
            if headers.get("Content-Type", "").startswith("text/html"):
                chunk = self._guard(headers, chunk)
            if self._request.protocol == "https" and settings.FLEXSCOPE_HSTS_SECONDS:
                headers["Strict-Transport-Security"] = f"max-age={settings.FLEXSCOPE_HSTS_SECONDS}"
            headers.update(cross_origin_headers(settings, self._request.path, self._request.headers))
            headers["X-Request-Id"] = request_id(self._request)
            headers.pop("Server", None)
            return status_code, headers, chunk

        def _guard(self, headers: HTTPHeaders, chunk: bytes) -> bytes:
            """Say what may run in some HTML; a page of Panel has scripts in it, which get the nonce of this answer."""
            if not is_page(self._request.path.removeprefix(settings.FLEXSCOPE_PATH_PREFIX)):
                headers.setdefault("Content-Security-Policy", strict)
                return chunk
            if not pages:
                return chunk
            nonce = secrets.token_urlsafe(16)
            headers.setdefault("Content-Security-Policy", pages.replace("{nonce}", nonce))
            # Panel 1.9 has no place for a nonce in its template; its pages come in one chunk.
            chunk = chunk.replace(b"<script", f'<script nonce="{nonce}"'.encode())
            headers["Content-Length"] = str(len(chunk))
            return chunk

    return Protecting


def _fixed(settings: Settings) -> dict[str, str]:
    """Return the headers that every answer has."""
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    # The older header knows these two cases only, and no list of addresses.
    if settings.FLEXSCOPE_FRAME_ANCESTORS in (["'self'"], ["'none'"]):
        fixed["X-Frame-Options"] = "SAMEORIGIN" if settings.FLEXSCOPE_FRAME_ANCESTORS == ["'self'"] else "DENY"
    return fixed


def _policies(settings: Settings) -> tuple[str, str]:
    """Return the Content-Security-Policy of pages made by Panel, and that of everything else."""
    own = settings.FLEXSCOPE_CONTENT_SECURITY_POLICY
    return _completed(own, settings) if own else "", _completed(STRICT, settings)


def policy_of_styled(html: str, settings: Settings) -> str:
    """Return the strict policy for a document with a style sheet in its head: that very one may stand there, no other.

    Args:
        html: The document.
        settings: They may name a logo and style sheets of other sites.
    """
    sheet = html.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    return _completed(f"{STRICT}; img-src 'self'; style-src 'self' 'sha256-{digest}'", settings)


def _completed(policy: str, settings: Settings) -> str:
    """Return a policy with what the settings allow and ask for besides."""
    for directive, address in (
        ("img-src", settings.FLEXMEASURES_MENU_LOGO_PATH),
        ("img-src", settings.FLEXSCOPE_TILE_URL.partition("{")[0]),  # one that ends in / stands for all below it
        ("style-src", settings.FLEXMEASURES_EXTRA_CSS_PATH),
    ):
        if urlsplit(address).netloc:
            policy = policy.replace(directive, f"{directive} {address}")
    if settings.FLEXSCOPE_FRAME_ANCESTORS:
        policy += f"; frame-ancestors {' '.join(settings.FLEXSCOPE_FRAME_ANCESTORS)}"
    if settings.FLEXMEASURES_ENFORCE_SECURE_CONTENT_POLICY:
        policy += "; upgrade-insecure-requests"
    return policy


def cross_origin_headers(settings: Settings, path: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that let a page of another origin see an answer (CORS); none if it may not.

    Args:
        settings: Which origins may use which paths.
        path: Of the request.
        asked: Headers of the request.
    """
    origin = asked.get("Origin")
    if not origin or not settings.CORS_ORIGINS or not any(re.match(one, path) for one in settings.CORS_RESOURCES):
        return {}
    anybody = "*" in settings.CORS_ORIGINS
    if not anybody and origin not in settings.CORS_ORIGINS:
        # Caches must know that the answer to another origin differs.
        return {"Vary": "Origin"}
    found = {
        "Access-Control-Allow-Origin": "*" if anybody else origin,
        "Access-Control-Expose-Headers": READABLE,
        "Vary": "Origin",
    }
    if settings.CORS_SUPPORTS_CREDENTIALS and not anybody:
        found["Access-Control-Allow-Credentials"] = "true"
    if "Access-Control-Request-Method" in asked:
        wanted = asked.get("Access-Control-Request-Headers", "")
        # Repeated into the answer: only what can be names of headers, and not much of it.
        plain = wanted if re.fullmatch(r"[\w\-, ]{0,500}", wanted) else ""
        # What browsers ask before they send (a preflight); the answer holds for ten minutes.
        found |= {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": "600"}
        found |= {"Access-Control-Allow-Headers": plain or "Authorization, Content-Type, X-Xsrftoken"}
    return found


def log_request(handler: RequestHandler) -> None:
    """Write one line per answer, without query (which may carry a link's token) and without headers."""
    status, request = handler.get_status(), handler.request
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    took = 1000 * request.request_time()
    told: tuple[Any, ...] = (status, request.method, request.path, request.remote_ip, took, request_id(request))
    ACCESS.log(level, "%d %s %s from %s in %.1f ms, request %s", *told)
