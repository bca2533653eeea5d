"""All addresses of the API, joined from the route tables of the resources; the last one answers for all others."""

from collections import defaultdict
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules
from typing import Any

from tornado.web import HTTPError

from app.api import v3
from app.api.http.base import Endpoint, NothingHere
from app.api.http.route import Route
from app.api.http.service import Service
from app.api.v3.server import documentation
from app.version import API

ENDED_VERSIONS = r"/api/(?P<version>v1|v1_1|v1_2|v1_3|v2_0)(?:/.*)?"
DEPRECATED, ENDED = "Wed, 14 Dec 2022 00:00:00 GMT", "Mon, 01 May 2023 00:00:00 GMT"


class EndedVersion(Endpoint):
    """Any address of a version that ended."""

    async def _serve(self, path: dict[str, str]) -> None:
        raise HTTPError(410)

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """See RequestHandler; with the headers that tell clients of deprecated addresses where to go."""
        if status_code == 410:
            root = f"{self.request.protocol}://{self.request.host}/api"
            self.set_header("Deprecation", DEPRECATED)
            self.set_header("Sunset", ENDED)
            self.set_header("Link", f'<{root}/{API}/docs>; rel="sunset", <{root}/{API}>; rel="successor-version"')
        super().write_error(status_code, **kwargs)


def _tables_named(name: str) -> list[Route]:
    """Return the routes of all resources: a module of a room of ``app.api.v3`` needs no more than such a table."""
    rooms = [room.name for room in iter_modules(v3.__path__, f"{v3.__name__}.") if room.ispkg]
    paths = {room: import_module(room).__path__ for room in rooms}
    modules = [import_module(found.name) for room in rooms for found in iter_modules(paths[room], f"{room}.")]
    return [*chain.from_iterable(getattr(module, name, ()) for module in modules)]


ROOT = _tables_named("ROOT")
"""Below /api."""


def tables() -> list[tuple[str, Route]]:
    """Return every route with what stands before its path."""
    return [("/api", route) for route in ROOT] + [("/api/v3_0", route) for route in V3]


# They are given a function, as this very list is among what they list.
V3 = [*_tables_named("ROUTES"), *documentation.routes(tables)]
"""Below /api/v3_0."""


def patterns(service: Service) -> list[Any]:
    """Return the addresses as Tornado wants them."""
    by_path: dict[str, dict[str, Route]] = defaultdict(dict)
    for prefix, route in tables():
        by_path[prefix + route.pattern][route.method] = route
    found: list[Any] = [(path, Endpoint, {"routes": routes, "service": service}) for path, routes in by_path.items()]
    # Last, as Tornado takes the first pattern that fits.
    found.append((ENDED_VERSIONS, EndedVersion, {"routes": {}, "service": service}))
    return [*found, (r"/api(?:/.*)?", NothingHere, {"routes": {}, "service": service})]
