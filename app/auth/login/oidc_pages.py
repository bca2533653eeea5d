"""The two pages of single sign-on: on to the provider, and back from it."""

import hmac
import json
import logging
from datetime import timedelta
from functools import partial
from typing import Any

from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError
from requests import RequestException
from tornado.web import HTTPError

from app.auth.login import cookies, oidc
from app.auth.login.forms import LoginForm, inside
from app.auth.login.login import SignInPage
from app.auth.login.oidc import Provider, Refused

LOG = logging.getLogger(__name__)
COOKIE = "flexscope_oidc"
LIFE = timedelta(minutes=10) / timedelta(days=1)
"""How long signing in at the provider may take [days]."""
FAILED = "Sign-in with the provider failed. Try again."


class OidcPage(SignInPage):
    """A page about one provider."""

    def provider(self, name: str) -> Provider:
        """Return a provider of the settings."""
        found = self.running.settings.FLEXSCOPE_OIDC_PROVIDERS.get(name)
        if found is None:
            raise HTTPError(404)
        return Provider(**found)

    def callback(self, name: str) -> str:
        """Return the address the provider leads back to."""
        settings = self.running.settings
        host = settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") or f"{self.request.protocol}://{self.request.host}"
        return f"{host}{settings.FLEXSCOPE_PATH_PREFIX}/login/oidc/{name}/callback"

    def sorry(self, problem: str, status: int) -> None:
        """Tell that it did not work."""
        links = (("Back to sign in", "/login"),)
        self.show(LoginForm(heading="Not signed in", problem=problem, links=links), status)


class Depart(OidcPage):
    """Leads on to the provider."""

    async def get(self, name: str) -> None:
        """Keep what has to be compared later in a cookie, and lead on."""
        provider = self.provider(name)
        try:
            begun = await self.off_loop(oidc.client(provider).create_authorization_url, self.callback(name))
        except (RequestException, AuthlibBaseError, ValueError):
            LOG.exception("The provider %s cannot be asked", name)
            self.sorry("The provider cannot be reached. Try again later.", 502)
            return
        kept = {key: begun[key] for key in ("state", "nonce", "code_verifier")} | {"name": name, "next": self.wanted()}
        cookies.keep(self, self.running, COOKIE, json.dumps(kept), days=LIFE)
        self.redirect(begun["url"])


class Return(OidcPage):
    """Where the provider leads back to."""

    async def get(self, name: str) -> None:
        """Check what the provider says, and sign in."""
        provider = self.provider(name)
        kept: dict[str, Any] = json.loads(cookies.kept(self, self.running, COOKIE, days=LIFE) or "{}")
        cookies.drop(self, self.running, COOKIE)
        # A cookie and a state of the same sign-in: else a foreign page could sign a browser in as somebody else.
        state = self.get_query_argument("state", "")
        if kept.get("name") != name or not hmac.compare_digest(kept["state"].encode(), state.encode()):
            self.sorry(FAILED, 400)
            return
        try:
            known = await self.off_loop(partial(self._identify, name, provider, kept))
        except Refused as error:
            self.sorry(str(error), 403)
            return
        except (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError):
            LOG.warning("The answer of the provider %s is refused", name, exc_info=True)
            self.sorry(FAILED, 400)
            return
        await self.let_in(*known, inside(kept["next"]))

    def _identify(self, name: str, provider: Provider, kept: dict[str, Any]) -> tuple[int, int]:
        """Exchange the code, verify the token, and return the user's id and session serial."""
        client, code = oidc.client(provider), self.get_query_argument("code", "")
        if not code:
            raise ValueError(self.get_query_argument("error", "no code"))
        token = client.fetch_access_token(
            redirect_uri=self.callback(name), code=code, code_verifier=kept["code_verifier"]
        )
        claims = client.parse_id_token(token, nonce=kept["nonce"])
        return oidc.find_user(self.running, provider, dict(claims))
