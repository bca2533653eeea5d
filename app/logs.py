"""How the log is written: as lines to read, or as one JSON object per line; and where errors are sent besides.

Secrets are taken out of all texts that are written down or sent away: logs, traces of jobs, reports of errors.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.settings.settings import Settings
from app.version import OWN

LOG = logging.getLogger(__name__)
OF_THEIR_OWN = ("bokeh", "panel")
"""Libraries that write their log by themselves, at a level of their own, when they are imported."""
READABLE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
GONE = "***"
SHORTEST = 6
"""A value of fewer characters would be found in innocent texts."""
LOOKS = re.compile(
    r"fs[ko]_[\w|:=.-]{8,}"  # access keys, and tokens made for them
    r"|\b2\|1:0\|[\w|:=+/.-]+"  # whatever Tornado signed: sessions, tokens, mailed links
    r"|\bgAAAA[\w=-]{40,}"  # sealed by Fernet
    r"|(?<=://)[^/\s:@'\"]*:[^/\s@'\"]+(?=@)"  # name and password in an address
    r"|(?<=[?&])(?:token|code|state|key|secret|password|access_token|auth_token|client_secret)=[^&\s'\")]+"
    r"|(?<=\bBearer )\S+|(?<=\bBasic )\S+"
)
"""What secrets look like, whoever made them."""


class AsText(logging.Formatter):
    """Writes a record as lines to read, without secrets."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(READABLE)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        return redacted(super().format(record), self._secrets)


class AsJson(logging.Formatter):
    """Writes a record as one JSON object on one line, without secrets."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info and record.exc_info[1] is not None:
            said["error"] = type(record.exc_info[1]).__name__
            said["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(redacted_all(said, self._secrets), ensure_ascii=False)


def begin(settings: Settings) -> None:
    """Write the log of this process as the settings say; call it once, before the work begins."""
    handler, secrets = logging.StreamHandler(), of_settings(settings)
    handler.setFormatter(AsJson(secrets) if settings.FLEXSCOPE_LOG_FORMAT == "json" else AsText(secrets))
    logging.basicConfig(level=settings.LOGGING_LEVEL, handlers=[handler], force=True)
    # Their handlers would write lines that no secret is taken out of
    for name in OF_THEIR_OWN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)  # that of the settings
    send_errors(settings)


def send_errors(settings: Settings) -> bool:
    """Send errors to Sentry, if that is configured and its library is there; return whether they are sent."""
    if not settings.SENTRY_DSN:
        return False
    if find_spec("sentry_sdk") is None:
        LOG.error("SENTRY_DSN is set, but sentry_sdk is not installed: install flexscope[sentry], or unset SENTRY_DSN.")
        return False
    sentry = import_module("sentry_sdk")
    secrets = of_settings(settings)
    given = {
        "environment": settings.FLEXMEASURES_ENV,
        "release": f"flexscope@{OWN}",
        "include_local_variables": False,  # they hold passwords, keys and tokens
        "max_request_body_size": "never",
        "before_send": lambda event, _hint: redacted_all(event, secrets),
        "before_breadcrumb": lambda crumb, _hint: redacted_all(crumb, secrets),
        **settings.FLEXMEASURES_SENTRY_CONFIG,
    }
    sentry.init(dsn=settings.SENTRY_DSN, **given)
    return True


def of_settings(settings: Settings) -> tuple[str, ...]:
    """Secret texts in the settings, longest first."""
    secret = set[str]()
    for each in fields(settings):
        value, kind = getattr(settings, each.name), each.metadata["hide"]
        if kind == "whole":
            secret |= set(_texts(value))
        elif kind == "password" and "://" in value:
            with suppress(ArgumentError, ValueError):  # no address that could be used
                secret.add(str(make_url(value).password or ""))
    # A secret that holds another one is taken out first, or its end would stay
    return tuple(sorted((text for text in secret if len(text) >= SHORTEST), key=len, reverse=True))


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without secrets.

    Args:
        text: Any text.
        secrets: What must not be in it, beside what looks like a secret.
    """
    for secret in secrets:
        text = text.replace(secret, GONE)
    return LOOKS.sub(GONE, text)


def redacted_all(content: Any, secrets: Iterable[str] = ()) -> Any:
    """Return plain data of any depth, each of its texts without secrets."""
    if isinstance(content, str):
        return redacted(content, secrets)
    if isinstance(content, Mapping):
        return {key: redacted_all(value, secrets) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [redacted_all(value, secrets) for value in content]
    return content


def _texts(value: Any) -> list[str]:
    """Return the texts in the value of a setting; of a provider, its secret only."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        secret = [each for key, each in value.items() if "secret" in str(key).lower() and isinstance(each, str)]
        return [*secret, *(text for each in value.values() if isinstance(each, Mapping) for text in _texts(each))]
    return [text for each in value for text in _texts(each)] if isinstance(value, list | tuple) else []
