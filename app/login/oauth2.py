"""The address at which machines exchange an access key for a token of an hour (OAuth2 client credentials, RFC 6749)."""

import base64
import binascii
from functools import partial
from typing import Any

from app.auth.protection.refusing import Refusing
from app.auth.tokens import keys
from app.fair_pools import network
from app.running import Running

KIND = "token_type"
"""Field of an answer with a token, see RFC 6749."""


class TokenEndpoint(Refusing):
    """Client id is the id of the key, client secret what follows it; by Basic authorization or in the form."""

    running: Running

    def initialize(self, running: Running) -> None:
        """See RequestHandler."""
        self.running = running

    def set_default_headers(self) -> None:
        """Tokens are not kept by anybody on the way."""
        self.set_header("Cache-Control", "no-store")

    def check_xsrf_cookie(self) -> None:
        """No cookie counts here."""

    async def post(self) -> None:
        """Answer with a token."""
        if self.get_body_argument("grant_type", "") != "client_credentials":
            self._refuse(400, "unsupported_grant_type")
            return
        client_id, secret = self._client()
        known = keys.parsed(f"{keys.PREFIX}{client_id.removeprefix(keys.PREFIX)}_{secret}")
        whose = ("from", network(self.request.remote_ip or ""), client_id)
        identities = self.running.identities
        find = partial(keys.find, identities, *known) if known else lambda: None
        # An id of no key takes its turn as well: how soon the answer comes says nothing of which keys there are.
        principal = await self.running.pools["sign-in"].run(whose, find)
        if known is None or principal is None:
            self.set_header("WWW-Authenticate", 'Basic realm="access keys"')
            self._refuse(401, "invalid_client")
            return
        granted = principal.scopes or frozenset()
        wanted = set(self.get_body_argument("scope", "").split()) or granted
        if not wanted <= granted:
            self._refuse(400, "invalid_scope")
            return
        token = keys.exchange(*known, wanted, secret=self.running.secret)
        life = int(keys.LIFE.total_seconds())
        self.finish(
            {
                "access_token": token,
                KIND: "Bearer",
                "expires_in": life,
                "scope": " ".join(sorted(wanted)),
            }
        )

    def _client(self) -> tuple[str, str]:
        kind, _, encoded = self.request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "", ""
            return client_id, secret
        return self.get_body_argument("client_id", ""), self.get_body_argument("client_secret", "")

    def _refuse(self, status: int, error: str) -> None:
        self.set_status(status)
        self.finish({"error": error})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """See RequestHandler; in the shape of the standard."""
        said = {503: "temporarily_unavailable"}
        self.finish({"error": said.get(status_code, "server_error" if status_code >= 500 else "invalid_request")})
