"""What there is: a list of all services, and the specification."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from app.api.http import openapi
from app.api.http.route import Call, Reply, Route, get

STATIC = Path(__file__).parents[4] / "assets-static"
Tables = Callable[[], Iterable[tuple[str, Route]]]


def routes(tables: Tables) -> list[Route]:
    """Return the routes that tell of all routes, once those are known."""

    def services(call: Call) -> dict[str, Any]:
        """List all services of this version of the API."""
        return {
            "type": "GetServiceResponse",
            "status": "PROCESSED",
            "message": "Request has been processed.",
            "version": "3.0",
            "services": openapi.listing(tables(), server=call.address),
        }

    def specification(call: Call) -> Reply:
        """Return the specification of the API, OpenAPI 3.1."""
        return Reply(content=openapi.specification(tables(), server=call.address))

    def page(call: Call) -> Reply:
        """Show the specification to people, with a form to try each request."""
        return Reply(content=(STATIC / "docs.html").read_bytes(), media="text/html; charset=UTF-8")

    return [
        get("", services, public=True),
        get("/openapi.json", specification, public=True),
        get("/docs", page, public=True, documented=False),
        get("/openapi-specs.json", specification, public=True, documented=False),
    ]
