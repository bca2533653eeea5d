"""Headers of every answer that tell browsers what not to do, and the identifier its log lines carry."""

import logging
import re
import secrets
from typing import Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import OutputTransform, RequestHandler

from app.auth import cors
from app.settings import Settings

ACCESS = logging.getLogger("flexscope.access")
OWN_ID = re.compile(r"[\w-]{1,64}")


def request_id(request: HTTPServerRequest) -> str:
    """Return the identifier of a request: the client's own, if it is a plain one, else a new one."""
    found: str | None = getattr(request, "flexscope_id", None)
    if found is None:
        told = request.headers.get("X-Request-Id", "")
        found = told if OWN_ID.fullmatch(told) else secrets.token_hex(8)
        request.flexscope_id = found  # type: ignore[attr-defined]  # lives as long as the request
    return found


def protecting(settings: Settings) -> type[OutputTransform]:
    """Return what adds the headers that some settings ask for to every answer."""
    policy = settings.FLEXSCOPE_CONTENT_SECURITY_POLICY
    if policy and settings.FLEXSCOPE_FRAME_ANCESTORS:
        policy += f"; frame-ancestors {' '.join(settings.FLEXSCOPE_FRAME_ANCESTORS)}"
    if policy and settings.FLEXMEASURES_ENFORCE_SECURE_CONTENT_POLICY:
        policy += "; upgrade-insecure-requests"
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.FLEXSCOPE_FRAME_ANCESTORS in (["'self'"], ["'none'"]):
        fixed["X-Frame-Options"] = "SAMEORIGIN" if settings.FLEXSCOPE_FRAME_ANCESTORS == ["'self'"] else "DENY"

    class Protecting(OutputTransform):
        """Adds headers to one answer."""

        def __init__(self, request: HTTPServerRequest) -> None:
            self._request = request

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            """See OutputTransform."""
            for name, value in fixed.items():
                headers.setdefault(name, value)
            if policy and headers.get("Content-Type", "").startswith("text/html"):
                headers.setdefault("Content-Security-Policy", policy)
            if self._request.protocol == "https" and settings.FLEXSCOPE_HSTS_SECONDS:
                headers["Strict-Transport-Security"] = f"max-age={settings.FLEXSCOPE_HSTS_SECONDS}"
            headers.update(cors.headers(settings, self._request.path, self._request.headers))
            headers["X-Request-Id"] = request_id(self._request)
            headers.pop("Server", None)
            return status_code, headers, chunk

    return Protecting


def log_request(handler: RequestHandler) -> None:
    """Write one line per answer, without query (which may carry a link's token) and without headers."""
    status, request = handler.get_status(), handler.request
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    took = 1000 * request.request_time()
    told: tuple[Any, ...] = (status, request.method, request.path, request.remote_ip, took, request_id(request))
    ACCESS.log(level, "%d %s %s from %s in %.1f ms, request %s", *told)
