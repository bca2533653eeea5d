"""What the pages before the login have in common: one form, no scripts, work in threads."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from tornado.template import Loader

from app.auth.access.identity import SignedIn
from app.auth.protection.refusing import Refusing
from app.fair_pools import Name, network
from app.running import Running

STATIC = Path(__file__).parents[2] / "assets-static"
LOADER = Loader(str(STATIC))
Result = TypeVar("Result")


class Input(NamedTuple):
    """One field of a form."""

    name: str
    label: str
    kind: str = "text"
    """Of the HTML element: ``text``, ``email``, ``password``, or ``checkbox`` for what may be left out."""
    autocomplete: str = "off"
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class LoginForm:
    """One page with one form; without fields it only tells something."""

    heading: str
    lead: str = ""
    problem: str = ""
    inputs: tuple[Input, ...] = ()
    button: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """Text and path of what else can be done."""
    note: str = ""
    action: str = ""
    """Path the form is sent to; empty: the same."""


def inside(wanted: str) -> str:
    """Return a wanted path of this site; anything that could lead elsewhere becomes the start page."""
    split = urlsplit(wanted)
    # Browsers read a backslash as a slash and skip control characters, so that /\host would lead away.
    leaves = split.scheme or split.netloc or "\\" in wanted or any(ord(character) < 32 for character in wanted)
    if leaves or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    return wanted


class FormPage(Refusing):
    """A page with one form."""

    running: Running

    def initialize(self, running: Running) -> None:
        """See RequestHandler."""
        self.running = running

    def set_default_headers(self) -> None:
        """The page loads nothing from elsewhere, cannot be framed, and its address is told to nobody."""
        self.set_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
        # Going back after signing out must not show what stood in a form.
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")

    async def off_loop(self, work: Callable[..., Result], *arguments: Any, pool: Name = "sign-in") -> Result:
        """Do some work in a thread, in turn with others who sign in."""
        return await self.running.pools[pool].run(self._whose, partial(work, *arguments))

    def mail(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Do what sends a mail, in a thread of its own: a mail server may take long."""
        self.running.pools["mail"].soon(self._whose, partial(work, *arguments))

    @property
    def _whose(self) -> Hashable:
        """By what those who sign in are told apart: address and, because many may share it, email."""
        return "from", network(self.network_address), self.get_body_argument("email", "").strip().lower()

    def show(self, form: LoginForm, status: int = 200) -> None:
        """Show a form."""
        self.set_status(status)
        settings = self.running.settings
        self.write(
            LOADER.load("form.html").generate(
                form=form,
                name=settings.platform_name(),
                prefix=settings.FLEXSCOPE_PATH_PREFIX,
                path=form.action or self.request.path.removeprefix(settings.FLEXSCOPE_PATH_PREFIX),
                xsrf_form_html=self.xsrf_form_html,
            )
        )

    def lead_on(self, path: str) -> None:
        """Lead the browser to a path of this site."""
        self.redirect(self.running.settings.FLEXSCOPE_PATH_PREFIX + path)

    def wanted(self) -> str:
        """Return the page that was asked for before the login; never one of another site."""
        prefix = self.running.settings.FLEXSCOPE_PATH_PREFIX
        return inside(self.get_argument("next", "/").removeprefix(prefix))

    @property
    def network_address(self) -> str:
        """Where the request comes from."""
        return self.request.remote_ip or ""

    @property
    def address(self) -> str:
        """Scheme, host and prefix of this server as the browser sees it."""
        return f"{self.request.protocol}://{self.request.host}{self.running.settings.FLEXSCOPE_PATH_PREFIX}"

    @property
    def agent(self) -> str:
        """What the browser says it is."""
        return str(self.request.headers.get("User-Agent", ""))

    def principal_of(self, known: tuple[int, int, str] | None) -> SignedIn | None:
        """User of a verified cookie; to be called in a thread."""
        return self.running.identities.find(*known) if known else None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell in one sentence what went wrong, and nothing of the inside."""
        said = {
            403: "This form has expired. Go back, reload it and submit again.",
            429: "Too many requests at once. Try again in a few seconds.",
            503: "The server is busy; nothing was changed. Try again in a moment.",
        }
        text = said.get(status_code, "Something went wrong. The server log has the details.")
        if status_code < 500 and status_code not in said:
            # Whoever sends what no form sends learns no details; the log has them.
            text = "The request could not be read. Go back and try again."
        self.show(LoginForm(heading="Sorry", lead=text, links=(("To the start page", "/"),)), status_code)
