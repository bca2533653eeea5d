"""The pages /login and /logout, and where they lead."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bokeh.util.token import get_token_payload
from tornado.ioloop import IOLoop
from tornado.template import Loader
from tornado.web import RequestHandler

from app.auth import cookies, passwords
from app.auth.identity import SignedIn, identity
from app.auth.sessions import PAYLOAD
from app.running import Running
from db.base import Database, get
from db.users import User, by_email

STATIC = Path(__file__).parents[2] / "assets-static"
LOADER = Loader(str(STATIC))
WRONG = "Email and password do not fit together; try again."


def inside(wanted: str) -> str:
    """Return a wanted path of this site; anything that could lead elsewhere becomes the start page."""
    split = urlsplit(wanted)
    leaves = split.scheme or split.netloc or "\\" in wanted or any(ord(character) < 32 for character in wanted)
    if leaves or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    return wanted


def authenticate(database: Database, email: str, password: str) -> tuple[bool, SignedIn | None]:
    """Return whether an active user has an email address, and that user as signed in if the password fits.

    A right password counts as a login. An unknown address takes as long as a wrong password.
    """
    with database.reading() as work:
        user = by_email(work, email)
        active = user if user is not None and user.active else None
        user_id, password_hash = (active.id, active.password_hash) if active else (0, None)
    if not passwords.matches(password_hash, password):
        return password_hash is not None, None
    with database.writing() as work:
        signing_in = get(work, User, user_id)
        signing_in.last_login_at = datetime.now(UTC)
        signing_in.login_count += 1
        return True, identity(work, signing_in)


class Login(RequestHandler):
    """The page that asks who you are."""

    running: Running

    def initialize(self, running: Running) -> None:
        """See RequestHandler."""
        self.running = running

    def set_default_headers(self) -> None:
        """The page loads nothing from elsewhere and cannot be framed."""
        self.set_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; form-action 'self'")
        self.set_header("Cache-Control", "no-store")

    def get(self) -> None:
        """Show the form."""
        self._show("", "", 200)

    async def post(self) -> None:
        """Sign in and lead on to the page that was asked for."""
        email, password = self.get_body_argument("email", ""), self.get_body_argument("password", "", strip=False)
        who = await IOLoop.current().run_in_executor(None, self._authenticate, email, password)
        if who is None:
            self._show(WRONG, email, 401)
            return
        cookies.give(self, who, self.running)
        self.redirect(self.running.settings.FLEXSCOPE_PATH_PREFIX + self._wanted())

    def _authenticate(self, email: str, password: str) -> SignedIn | None:
        return authenticate(self.running.database, email, password)[1]

    def _wanted(self) -> str:
        prefix = self.running.settings.FLEXSCOPE_PATH_PREFIX
        return inside(self.get_argument("next", "/").removeprefix(prefix))

    def _show(self, problem: str, email: str, status: int) -> None:
        settings = self.running.settings
        demo = settings.FLEXMEASURES_PUBLIC_DEMO_CREDENTIALS if settings.FLEXMEASURES_MODE == "demo" else []
        self.set_status(status)
        self.write(
            LOADER.load("login.html").generate(
                name=settings.FLEXMEASURES_PLATFORM_NAME,
                prefix=settings.FLEXSCOPE_PATH_PREFIX,
                problem=problem,
                email=email,
                wanted=self._wanted(),
                demo=demo if len(demo) == 2 else [],
                xsrf_form_html=self.xsrf_form_html,
            )
        )


class Logout(RequestHandler):
    """Ends the session of this browser."""

    running: Running

    def initialize(self, running: Running) -> None:
        """See RequestHandler."""
        self.running = running

    def get(self) -> None:
        """Take the cookie back, close the pages still open with it, and show the login page."""
        known = cookies.read(self, self.running)
        cookies.take_back(self, self.running)
        if known:
            self._close_pages(known[0])
        self.redirect(self.running.settings.FLEXSCOPE_PATH_PREFIX + "/login")

    def _close_pages(self, user_id: int) -> None:
        """Close the websockets of a user; a page left open would go on to answer otherwise."""
        for client in list(getattr(self.application, "_clients", ())):
            if (get_token_payload(client.session.token).get(PAYLOAD) or [None])[0] == user_id:
                client._socket.close(4001, "signed out")
