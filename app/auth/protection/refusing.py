"""What a request meets that cannot be served at the moment, outside the API: 503, and when to come back."""

import logging
from typing import Any

from tornado.web import RequestHandler

from app.web.fair_pools import Crowded
from db.core.faults import Unavailable

LOG = logging.getLogger(__name__)


class Refusing(RequestHandler):
    """A handler that answers 503 while the database does not take or give anything; ``Retry-After`` is added to it."""

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """See RequestHandler."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Unavailable | Crowded):
            status_code = 429 if isinstance(error, Crowded) and error.own else 503
        super().send_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """See RequestHandler; where the server works and its database does not, one line is enough."""
        if isinstance(value, Unavailable | Crowded):
            LOG.warning("%s %s waits: %s", self.request.method, self.request.path, value.__cause__ or value)
        else:
            super().log_exception(typ, value, tb)
