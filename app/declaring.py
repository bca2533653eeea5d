"""How one setting is declared: a dataclass field that carries what it means."""

from dataclasses import field
from typing import Any


def setting(default: Any, meaning: str) -> Any:
    """Declare one setting."""
    if isinstance(default, list | dict):
        return field(default_factory=default.copy, metadata={"meaning": meaning})
    return field(default=default, metadata={"meaning": meaning})
