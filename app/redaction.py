"""Takes secrets out of texts that are written down or sent away: logs, traces of jobs, reports of errors."""

import re
from collections.abc import Iterable, Mapping
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
    """Return what is secret in the settings, longest first."""
    given = set[str]()
    for each in fields(settings):
        value, kind = getattr(settings, each.name), each.metadata["hide"]
        given |= set(_texts(value)) if kind == "whole" else {_password(value)} if kind == "password" else set()
    return tuple(sorted((text for text in given if len(text) >= SHORTEST), key=len, reverse=True))


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


def _password(address: str) -> str:
    try:
        return str(make_url(address).password or "") if "://" in address else ""
    except (ArgumentError, ValueError):
        return ""
