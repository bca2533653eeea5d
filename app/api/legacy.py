"""Versions of the API that ended: 410, with the way to the one that serves."""

from tornado.web import HTTPError

from app.api.http.base import Endpoint
from app.version import API

PATTERN = r"/api/(?P<version>v1|v1_1|v1_2|v1_3|v2_0)(?:/.*)?"
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
