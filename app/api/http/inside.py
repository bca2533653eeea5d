"""The API for pages of the same process: the same functions, rights and log, without HTTP around them."""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.api.http import acting
from app.api.http.acting import Request
from app.api.http.errors import ApiError, NotSignedIn, answer
from app.api.http.multipart import File, MultipartForm
from app.api.http.route import Route
from app.api.routes import tables
from app.auth.access.identity import SignedIn
from app.door import Asked
from app.settings.bounds import Bounds
from app.usecases.inputs import read_input
from app.web.context import Running


class Inside:
    """Answers what pages ask in the name of who looks at them; they are not counted as requests, triggers are."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._routes = [(route.method, re.compile(prefix + route.pattern), route) for prefix, route in tables()]

    def __call__(self, who: SignedIn, asked: Asked) -> Any:
        """See ``app.door.through``."""
        route, path = self._find(asked)
        given: dict[str, Any] = {name: int(text) if name == "id" else text for name, text in path.items()}
        given |= _read(route, asked, self._running.settings)
        if not self._running.identities.holds(who):
            raise NotSignedIn
        now = datetime.now(UTC)
        request = Request(running=self._running, asker=who, now=now, address=asked.address, headers={})
        try:
            return acting.done(route, request, given).content
        except IntegrityError as error:
            code, body, _ = answer(error)
            raise ApiError(code, body["status"], body["message"]) from error

    def _find(self, asked: Asked) -> tuple[Route, Mapping[str, str]]:
        path = asked.path if asked.path.startswith("/api/") else f"/api/v3_0{asked.path}"
        for method, pattern, route in self._routes:
            if method == asked.method and (found := pattern.fullmatch(path)):
                return route, found.groupdict()
        raise LookupError(f"The API has no {asked.method} {asked.path}.")


def _read(route: Route, asked: Asked, bounds: Bounds) -> dict[str, Any]:
    """Return query and body as the models the function wants."""
    found: dict[str, Any] = {}
    if query := route.model("query"):
        found["query"] = read_input(query, asked.query, bounds, "query")
    body = route.model("body")
    if body is MultipartForm:
        files = [File(name=name, media="", file=io.BytesIO(content)) for name, content in asked.files]
        found["body"] = MultipartForm(files=files, fields={name: str(value) for name, value in asked.body.items()})
    elif body:
        found["body"] = read_input(body, asked.body, bounds)
    return found
