"""Which pages of other sites may use the API (cross-origin resource sharing)."""

import re
from collections.abc import Mapping

from app.settings.settings import Settings

METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
READABLE = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-Request-Id, Location"


def headers(settings: Settings, path: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that let a page of another origin see an answer; none if it may not.

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
        plain = wanted if re.fullmatch(r"[\w\-, ]{0,500}", wanted) else ""
        found |= {"Access-Control-Allow-Methods": METHODS, "Access-Control-Max-Age": "600"}
        found |= {"Access-Control-Allow-Headers": plain or "Authorization, Content-Type, X-Xsrftoken"}
    return found
