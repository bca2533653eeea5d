"""Takes secrets out of texts that are written down or sent away: logs, traces of jobs, reports of errors."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.settings.settings import Settings

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
