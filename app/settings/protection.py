"""The settings of sign-in, mail, limits and headers; part of ``app.settings.settings.Settings``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.settings.declaring import setting

WEEK = timedelta(days=7)
PAGES_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss: data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Of pages made by Panel; nothing may come from elsewhere.

Scripts that stand in the page carry a nonce, so that none that slipped into a text runs, nor a handler such as
``onerror``. Bokeh compiles callbacks in the browser and Panel loads components there: that takes ``unsafe-eval`` and
``blob:``.
"""


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Settings that keep strangers out and their own apart."""

    SECURITY_TOKEN_AUTHENTICATION_HEADER: str = setting("Authorization", "Header that carries an API token")
    SECURITY_TOKEN_MAX_AGE: int = setting(21600, "Life of an API token [s]")
    SECURITY_TWO_FACTOR: bool = setting(False, "Whether a sign-in with a password also needs a mailed code")
    SECURITY_TWO_FACTOR_ALWAYS_VALIDATE: bool = setting(False, "Whether a browser that gave a code needs one again")
    SECURITY_TWO_FACTOR_LOGIN_VALIDITY: timedelta = setting(WEEK, "How long a browser that gave a code needs no other")
    FLEXSCOPE_OIDC_PROVIDERS: dict[str, Any] = setting(
        {}, "Single sign-on: name: {issuer, client_id, …}; see the docs", hide="whole"
    )
    FLEXSCOPE_COOKIE_SECURE: bool = setting(False, "Whether cookies are sent over https only; in production always")

    MAIL_SERVER: str = setting("localhost", "Host that takes mail (SMTP)")
    MAIL_PORT: int = setting(25, "Port of that host")
    MAIL_USE_TLS: bool = setting(False, "Whether to encrypt after connecting (STARTTLS)")
    MAIL_USE_SSL: bool = setting(False, "Whether to encrypt from the start")
    MAIL_USERNAME: str = setting("", "Name to sign in with at that host; empty: do not sign in")
    MAIL_PASSWORD: str = setting("", "Password to sign in with at that host", hide="whole")
    MAIL_DEFAULT_SENDER: list[str] = setting(["Flexscope", "no-reply@example.com"], "Name and address mail comes from")

    RATELIMIT_ENABLED: bool = setting(True, "Whether requests are limited; never in play mode")
    FLEXMEASURES_API_DEFAULT_RATE_LIMIT: str = setting("500 per minute", "Requests to the API")
    FLEXMEASURES_API_TRIGGER_RATE_LIMIT: str = setting("10 per 5 minutes", "Accepted triggers of jobs")
    FLEXMEASURES_API_RATE_LIMIT_KEY: str = setting("account", "Whose requests count together: account or user")

    CORS_ORIGINS: list[str] = setting([], "Origins whose pages may use the API, such as https://example.org; or *")
    CORS_RESOURCES: list[str] = setting([r"/api/*"], "Paths they may use, as regular expressions")
    CORS_SUPPORTS_CREDENTIALS: bool = setting(True, "Whether they may send cookies; never with the origin *")
    FLEXSCOPE_PUBLIC_ADDRESS: str = setting("", "Address in mailed links: https://ems.example.org")
    TRUSTED_HOSTS: list[str] = setting([], "Names this server may be asked for by, such as ems.example.org; empty: any")
    FLEXSCOPE_BEHIND_PROXY: bool = setting(False, "Whether X-Forwarded-For, -Proto and X-Real-Ip are to be believed")
    FLEXMEASURES_FORCE_HTTPS: bool = setting(False, "Whether http is led on to https")
    FLEXSCOPE_HSTS_SECONDS: int = setting(31536000, "How long browsers remember to use https [s]; sent over https only")
    FLEXMEASURES_ENFORCE_SECURE_CONTENT_POLICY: bool = setting(False, "Whether pages load http parts over https")
    FLEXSCOPE_CONTENT_SECURITY_POLICY: str = setting(
        PAGES_POLICY, "Content-Security-Policy of pages made by Panel; empty: none"
    )
    FLEXSCOPE_FRAME_ANCESTORS: list[str] = setting(["'self'"], "Sites that may show pages inside their own")
    FLEXMEASURES_SECRETS_ENCRYPTION_KEYS: list[str] = setting(
        [], "Fernet keys of stored secrets, newest first; empty: derived from SECRET_KEY", hide="whole"
    )
