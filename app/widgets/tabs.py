"""Content of a tab of a page, which is read when the tab is opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn


@dataclass(frozen=True)
class Part:
    """The content of one tab."""

    key: str
    """Its name in the address."""
    label: str
    """Its name on the page."""
    read: Callable[[Session, SignedIn], Any]
    """Reads the content."""
    show: Callable[[Any], Sequence[Any]]
    """Turns the content into components."""
