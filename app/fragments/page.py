"""A page of HTML: what it reads, what it shows, and what its forms do; a part of it may be live, see ``Shell``."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.visit import Fragment, Visit


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a form or a button of a page did."""

    text: str = ""
    """Sentence that tells it."""
    href: str = ""
    """Address to go to; empty: the page itself is shown anew."""
    secret: tuple[str, str] | None = None
    """Name and text of a secret that is shown once."""
    stays: bool = False
    """Whether the page stays as it is: a script of its own shows what has changed."""


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What a person is asked before something is done that cannot be undone."""

    text: str
    """What will happen."""
    agree: str
    """Label of the button that agrees: what it does."""
    typed: str = ""
    """Word that has to be typed to agree; empty: none."""


Send = Callable[[Visit, dict[str, Any]], Awaitable[Done]]
Confirm = Callable[[Visit, dict[str, Any]], Awaitable[Confirmation]]


@dataclass(frozen=True, kw_only=True)
class PageForm:
    """Something that can be done on a page: a form with fields, or without any, a button."""

    send: Send
    """Takes the values by name."""
    fields: Sequence[Field] = ()
    button: str = "Save"
    whole: bool = False
    """Whether unchanged fields are sent as well, for something new."""
    confirm: Confirm | None = None
    """Asks, in view of the values, before anything is done; None: it is done at once."""


@dataclass(frozen=True, kw_only=True)
class TextPage:
    """One page. What it reads is read in a thread for each request, so that rights are checked at each."""

    at: str
    """Path of the menu entry it belongs to."""
    heading: str
    """Of the page where it cannot be shown."""
    read: Callable[[Visit, Session, SignedIn], Any]
    """Reads the content; raises what the user may not see."""
    show: Callable[[Visit, Any], Fragment]
    """Turns the content into HTML."""
    forms: Callable[[Visit, Any], Mapping[str, PageForm]] = field(default=lambda _visit, _content: {})
    """What the user may do there, by a word of the address."""
    parts: Mapping[str, Callable[[Visit, Session, SignedIn], Markup]] = field(default_factory=dict)
    """What may be asked for alone, again and again, by its name in the address."""
    data: Mapping[str, Callable[[Visit, Session, SignedIn], bytes]] = field(default_factory=dict)
    """What scripts of the page ask for, by its name in the address."""
    live: Callable[[], Any] | None = None
    """Makes the live part, as a page function of Panel."""
