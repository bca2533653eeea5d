"""A provider of single sign-on for the tests: Authlib's own authorization server behind Tornado, in a thread."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from joserfc.jwk import RSAKey
from tornado.web import Application, RequestHandler

from tests.postgres import free_port

CLIENT, SECRET = "flexscope", "a client's secret"


class Parts(OAuth2Payload):
    """Query and form of one request."""

    def __init__(self, request: Any) -> None:
        self.data = dict(parse_qsl(request.query)) | dict(parse_qsl(request.body.decode()))
        self.datalist = {key: [value] for key, value in self.data.items()}

    data: Any = None
    datalist: Any = None


class Asked(OAuth2Request):
    """One request, as the grants read it."""

    @property
    def form(self) -> Any:
        return self.payload.data

    args = form


class Known(ClientMixin):
    """The one client."""

    id_token_signed_response_alg = "RS256"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/login/oidc/corp/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"


class Code(AuthorizationCodeMixin):
    """One authorization, until its code is exchanged."""

    def __init__(self, request: Any) -> None:
        told = request.payload.data
        self.redirect_uri, self.scope, self.nonce = told["redirect_uri"], told["scope"], told.get("nonce")
        self.code_challenge = told.get("code_challenge")
        self.code_challenge_method = told.get("code_challenge_method")
        self.user = request.user

    def get_redirect_uri(self) -> str:
        return str(self.redirect_uri)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> Any:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())


class Provider(AuthorizationServer):
    """Knows one client, and signs in whoever presses the button."""

    def __init__(self) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{free_port()}"
        self.claims: dict[str, Any] = {}
        self.nonce: str | None = None
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, Code] = {}
        self.register_grant(grant(self), [openid(self), CodeChallenge(required=True)])
        self.register_token_generator(
            "default", lambda **_: {"access_token": "x", "token_type": "Bearer", "scope": "openid"}
        )

    def query_client(self, client_id: str) -> Known | None:
        return Known() if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        """Nothing is asked with it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        made = Asked(request.method, request.full_url(), headers=request.headers)
        made.payload = Parts(request)
        return made

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers


def grant(provider: Provider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        def save_authorization_code(self, code: str, request: Any) -> None:
            provider.codes[code] = Code(request)

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes.clear()

        def authenticate_user(self, authorization_code: Code) -> Any:
            return authorization_code.user

    return Grant


def openid(provider: Provider) -> OpenIDCode:
    class Openid(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def resolve_client_private_key(self, client: Any) -> RSAKey:
            return provider.key

        def get_encode_header(self, client: Any) -> dict[str, str]:
            return {"alg": "RS256", "kid": "one"}

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            now = int(time.time())
            return {"iss": provider.url, "aud": [CLIENT], "iat": now, "exp": now + 600}

        def generate_user_info(self, user: Any, scope: str) -> dict[str, Any]:
            return provider.claims | ({"nonce": provider.nonce} if provider.nonce else {})

    return Openid()


class Page(RequestHandler):
    provider: Provider

    def initialize(self, provider: Provider) -> None:
        self.provider = provider

    def answer(self, status: int, body: Any, headers: Any) -> None:
        self.set_status(status)
        for name, value in headers:
            self.set_header(name, value)
        self.finish(json.dumps(body) if isinstance(body, dict) else body)


class Configuration(Page):
    def get(self) -> None:
        url = self.provider.url
        found = {"issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"}
        self.finish(found | {"jwks_uri": f"{url}/keys", "id_token_signing_alg_values_supported": ["RS256"]})


class Keys(Page):
    def get(self) -> None:
        self.finish({"keys": [self.provider.key.as_dict(private=False)]})


class Authorize(Page):
    def get(self) -> None:
        self.finish("<form method=post><button>Continue as Ada</button></form>")

    def post(self) -> None:
        request = self.provider.create_oauth2_request(self.request)
        found = self.provider.get_authorization_grant(request)
        self.answer(*self.provider.create_authorization_response(request, grant_user="ada", grant=found))


class Token(Page):
    def post(self) -> None:
        self.answer(*self.provider.create_token_response(self.request))


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider until the block ends."""
    provider, loop = Provider(), asyncio.new_event_loop()
    table = {
        "/.well-known/openid-configuration": Configuration,
        "/keys": Keys,
        "/authorize": Authorize,
        "/token": Token,
    }

    async def listen() -> None:
        Application([(path, page, {"provider": provider}) for path, page in table.items()]).listen(
            int(provider.url.rpartition(":")[2]), "127.0.0.1"
        )

    thread = threading.Thread(target=lambda: (loop.run_until_complete(listen()), loop.run_forever()), daemon=True)
    thread.start()
    yield provider
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
