"""How one setting is declared: a dataclass field that carries what it means."""

from dataclasses import field
from typing import Any, Literal


def setting(default: Any, meaning: str, *, hide: Literal["", "whole", "password"] = "") -> Any:
    """Declare one setting.

    Args:
        default: Its value where nobody gives one.
        meaning: What it does, in a few words.
        hide: What of its value must be in no log and no message: all of it, or the password of an address.
    """
    told = {"meaning": meaning, "hide": hide}
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata=told, repr=not hide)
    return field(default=default, metadata=told, repr=not hide)
