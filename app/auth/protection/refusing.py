"""Requests outside the API that are turned away: another host, no https, no path, or nothing that answers now."""

import logging
from typing import Any
from urllib.parse import unquote_to_bytes

from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import RequestHandler

from app.fair_pools import Crowded
from app.settings.settings import Settings
from db.core.faults import Unavailable

LOG = logging.getLogger(__name__)
NO_CHANGE: dict[str, Any] = {}


class Refusing(RequestHandler):
    """A handler that answers 503 while the database does not take or give anything; ``Retry-After`` is added to it."""

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """See RequestHandler."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Unavailable | Crowded):
            # Who crowds himself out can mend it by asking less; all others can only wait.
            status_code = 429 if isinstance(error, Crowded) and error.own else 503
        super().send_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """See RequestHandler; where the server works and its database does not, one line is enough."""
        if isinstance(value, Unavailable | Crowded):
            LOG.warning("%s %s waits: %s", self.request.method, self.request.path, value.__cause__ or value)
        else:
            super().log_exception(typ, value, tb)


class Untrusted(Matcher):
    """Matches requests for another host than the trusted ones."""

    def __init__(self, names: list[str]) -> None:
        self._names = {name.lower() for name in names}

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """See Matcher."""
        name = request.host_name.lower()
        # A leading dot stands for all names below, as in cookies.
        wild = any(known.startswith(".") and name.endswith(known) for known in self._names)
        return None if name in self._names or wild else NO_CHANGE


class Unreadable(Matcher):
    """Matches requests for a path that is no text in UTF-8, or has characters that no name has, such as NUL."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """See Matcher."""
        try:
            path = unquote_to_bytes(request.path).decode()
        except UnicodeDecodeError:
            return NO_CHANGE
        return NO_CHANGE if any(ord(character) < 32 for character in path) else None


class Unencrypted(Matcher):
    """Matches requests without https."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """See Matcher."""
        return NO_CHANGE if request.protocol == "http" else None


class Refuse(RequestHandler):
    """Refuses whatever is asked."""

    def prepare(self) -> None:
        """See RequestHandler."""
        self.set_status(400)
        self.finish("This server does not have the name it was asked for.")


class NoSuchAddress(RequestHandler):
    """Tells that there is nothing."""

    def check_xsrf_cookie(self) -> None:
        """Nothing is changed here."""

    def prepare(self) -> None:
        """See RequestHandler."""
        self.write_error(404)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """See RequestHandler; a body that cannot be read is refused before ``prepare``, and is nothing here either."""
        self.set_status(404)
        self.finish({"status": "NOT_FOUND", "message": "There is nothing at this address: it is no text in UTF-8."})


class ToHttps(RequestHandler):
    """Leads on to the same address with https."""

    def prepare(self) -> None:
        """See RequestHandler."""
        self.redirect(f"https://{self.request.host}{self.request.uri}", permanent=True)


def rules(settings: Settings) -> list[Rule]:
    """Return the rules that hold for all addresses."""
    found = [Rule(Untrusted(settings.TRUSTED_HOSTS), Refuse)] if settings.TRUSTED_HOSTS else []
    found.append(Rule(Unreadable(), NoSuchAddress))
    return [*found, Rule(Unencrypted(), ToHttps)] if settings.FLEXMEASURES_FORCE_HTTPS else found
