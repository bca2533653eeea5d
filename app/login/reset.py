"""A new password: by a link that is mailed, or by somebody who is signed in."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session
from tornado.web import create_signed_value, decode_signed_value

from app import mail
from app.auth.access import passwords
from app.auth.access.sign_in import change_password
from app.auth.tokens.tokens import parsed
from app.fair_pools import network
from app.login import cookies
from app.login.forms import FormPage, Input, LoginForm
from app.login.login import SignInPage
from app.running import Running
from db.accounts import credentials, logins, sign_in
from db.accounts.credentials import AccessKey
from db.accounts.users import User, by_email
from db.core import audit
from db.core.database import get
from engine.errors import EngineError, FieldError

LOG = logging.getLogger(__name__)
MAILS = ThreadPoolExecutor(1, "mail")
"""What an admin has mailed; a mail server may take long."""
PURPOSE = "password-reset"
DAY, LIFE = timedelta(days=1), timedelta(hours=1)
SENT = "If there is a user with this address, we sent a link to it. The link is valid for one hour."
KEEP, KNOWN, CHECK = "keep_access_key", "somebody_else_knows", "checkbox"
ASKED = 30
"""How many links may be asked for from one network within an hour before the next ones have to wait."""
TRIES = 5
"""How often a wrong present password may be given before one has to wait."""
VOID = "This link has expired or was already used. Request a new one."
ENDS = "This ends all sessions, tokens and access keys."
NEW = (
    Input("password", "New password", "password", "new-password"),
    Input("again", "Repeat new password", "password", "new-password"),
)


def link(running: Running, user: User, address: str) -> str:
    """Return the address at which a user may choose a new password, once."""
    # With the serial, so that the link works once: the new password draws another one.
    token = create_signed_value(running.secret, PURPOSE, f"{user.id}:{user.session_serial}").decode("ascii")
    return f"{address}/reset-password?token={token}"


def mail_link(running: Running, user: User, address: str) -> None:
    """Mail a user the link to choose a new password.

    Raises:
        NotSent: The mail server does not take it.
    """
    name = running.settings.platform_name()
    text = (
        f"Choose a new password within an hour at\n{link(running, user, address)}\n\n"
        "If you did not ask for this, do nothing: your password stays as it is."
    )
    mail.send(running.settings, user.email, f"A new password for {name}", text)


def public_address(running: Running, asked: str) -> str:
    """Return the address of this server, with its prefix, as it may be written into a mail.

    The name in a request is of the client's making: without a setting that confirms it, a link with it could lead
    elsewhere.

    Raises:
        EngineError: Nothing confirms it.
    """
    settings = running.settings
    if settings.FLEXSCOPE_PUBLIC_ADDRESS:
        return settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") + settings.FLEXSCOPE_PATH_PREFIX
    if settings.TRUSTED_HOSTS or settings.FLEXMEASURES_ENV != "production":
        return asked
    raise EngineError("No link was mailed; set FLEXSCOPE_PUBLIC_ADDRESS to the address of this server.")


VOIDED = "The password of user {id} is void, all sessions, tokens and keys have ended; a link for a new one is mailed."


def mail_soon(running: Running, user: User, asked: str) -> None:
    """Mail a user whose password was voided the link to choose a new one, without anybody waiting for it."""

    def send() -> None:
        try:
            mail_link(running, user, public_address(running, asked))
        except EngineError as error:
            LOG.error("%s", error)

    MAILS.submit(send)


def mail_notice(running: Running, email: str, subject: str, text: str) -> None:
    """Mail what was changed about a user; where the mail server does not take it, the log says so."""
    try:
        mail.send(running.settings, email, subject, text)
    except EngineError as error:  # the change is made already, and nobody waits for an answer
        LOG.error("%s", error)


class Forgot(FormPage):
    """Asks for an email address to mail a link to."""

    def get(self) -> None:
        """Show the form."""
        self.show(
            LoginForm(
                heading="Forgot your password?",
                lead="We email you a link to choose a new one.",
                inputs=(Input("email", "Email", "email", "username"),),
                button="Email me a link",
                links=(("Back to sign in", "/login"),),
            )
        )

    def post(self) -> None:
        """Answer the same whether there is such a user or not, at once; the mail is sent afterwards."""
        email, asked, home = self.get_body_argument("email", ""), self.address, network(self.network_address)

        def send() -> None:
            now, running = datetime.now(UTC), self.running
            try:
                with running.database.writing() as session:
                    if sign_in.wait_until(session, [f"forgot:{home}"], now):
                        return
                    sign_in.failed(session, f"forgot:{home}", now, free=ASKED)
                    user = by_email(session, email)
                    # Also by user: who asks from many networks must not fill up somebody's mailbox.
                    if user is None or not user.active or sign_in.wait_until(session, [f"mail:{user.id}"], now):
                        return
                    sign_in.failed(session, f"mail:{user.id}", now, free=3)
                # After the transaction: a mail server takes seconds, in which nobody else could write.
                mail_link(running, user, public_address(running, asked))
            except EngineError as error:
                LOG.error("%s", error)

        self.mail(send)
        self.show(LoginForm(heading="Check your email", lead=SENT, links=(("Back to sign in", "/login"),)))


class Reset(FormPage):
    """Where a mailed link leads."""

    def get(self) -> None:
        """Show the form."""
        self._ask("", 200)

    async def post(self) -> None:
        """Save the new password; all sessions, tokens and access keys from before have ended."""
        token = self.get_argument("token", "")
        known = parsed(decode_signed_value(self.running.secret, PURPOSE, token, max_age_days=LIFE / DAY))
        try:
            password = twice(self)
            user_id = await self.off_loop(self._save, known, password)
        except FieldError as error:
            self._ask(error.problem.capitalize(), 422)
            return
        self.running.identities.forget(user_id)
        self.lead_on("/login")

    def _save(self, known: tuple[int, int, str] | None, password: str) -> int:
        if known is None:
            raise FieldError("token", VOID)
        # Before the transaction: a hash takes 0.1 s, in which nobody else could write.
        password_hash = passwords.hashed(password)
        with self.running.database.writing() as session:
            user = session.get(User, known[0], with_for_update=True)
            if user is None or not user.active or user.session_serial != known[1]:
                raise FieldError("token", VOID)
            change_password(user, password_hash)
            sign_in.forget(session, f"mail:{user.id}", datetime.now(UTC))
            _note(session, user, "Set a new password by a mailed link")
            return user.id

    def _ask(self, problem: str, status: int) -> None:
        hidden = (("token", self.get_argument("token", "")),)
        links = (("Request another link", "/forgot-password"),)
        form = LoginForm(
            heading="Choose a new password",
            lead=ENDS,
            problem=problem,
            inputs=NEW,
            button="Save",
            hidden=hidden,
            links=links,
        )
        self.show(form, status)


class ChangePassword(SignInPage):
    """A new password for somebody who is signed in, who says which access keys outlive it."""

    async def get(self) -> None:
        """Show the form."""
        principal = await self.off_loop(self.principal_of, cookies.read(self, self.running))
        if principal is None:
            self.lead_on("/login?next=/change-password")
        else:
            await self._ask(principal.id, "", 200)

    async def post(self) -> None:
        """Save the new password; all other sessions, all tokens and keys not kept end, and a mail tells of it."""
        principal = await self.off_loop(self.principal_of, cookies.read(self, self.running))
        if principal is None:
            self.lead_on("/login?next=/change-password")
            return
        kept = {int(key) for key in self.get_body_arguments(KEEP) if key.isdecimal() and len(key) < 10}
        if self.get_body_argument(KNOWN, ""):
            kept = set()
        try:
            old, new = self.get_body_argument("old", "", strip=False), twice(self)
            await self.off_loop(self._check, principal.id, old)
            serial = await self.off_loop(self._save, principal.id, new, kept)
        except FieldError as error:
            await self._ask(principal.id, error.problem[:1].upper() + error.problem[1:], 422)
            return
        name = self.running.settings.platform_name()
        text = "Your password was changed. If this was not you, reset it at once."
        self.mail(mail_notice, self.running, principal.email, f"Your password for {name} was changed", text)
        await self.let_in(principal.id, serial, "/")

    def _check(self, user_id: int, old: str) -> None:
        """Refuse a wrong password; a stolen session is no place to guess it."""
        now, key = datetime.now(UTC), f"change:{user_id}"
        with self.running.database.reading() as session:
            if sign_in.wait_until(session, [key], now):
                raise FieldError("old", "Too many attempts. Try again later.")
            password_hash = get(session, User, user_id).password_hash
        # Between two sessions, not inside of one: it takes 0.1 s.
        fits = passwords.matches(password_hash, old)
        with self.running.database.writing() as session:
            if fits:
                sign_in.forget(session, key, now)
                return
            sign_in.failed(session, key, now, free=TRIES)
        raise FieldError("old", "This is not your current password.")

    def _save(self, user_id: int, new: str, kept: set[int]) -> int:
        password_hash = passwords.hashed(new)
        with self.running.database.writing() as session:
            user = get(session, User, user_id)
            logins.keep_keys(session, user, kept)
            change_password(user, password_hash)
            names = [repr(key.name) for key in credentials.keys_of_user(session, user.id) if key.id in kept]
            keys = f" and kept the access keys {', '.join(names)}" if names else ""
            _note(session, user, f"Changed the own password{keys}")
            # The serial is drawn as the change is flushed; the cookie of this browser needs the new one.
            session.flush()
            return user.session_serial

    async def _ask(self, user_id: int, problem: str, status: int) -> None:
        def valid_keys() -> list[AccessKey]:
            with self.running.database.reading() as session:
                now = datetime.now(UTC)
                return [key for key in credentials.keys_of_user(session, user_id) if key.is_valid(now)]

        boxes = [
            Input(KEEP, f"Keep the key {key.name!r} ({', '.join(key.scopes)})", CHECK, value=str(key.id))
            for key in await self.off_loop(valid_keys)
        ]
        if boxes:
            boxes.append(Input(KNOWN, "Someone else may know my password: keep none", CHECK, value="1"))
        inputs = (Input("old", "Current password", "password", "current-password"), *NEW, *boxes)
        links = (("Back", "/"),)
        lead = "This ends all your other sessions and all tokens" + (
            ", and those of your access keys that you do not keep." if boxes else "."
        )
        form = LoginForm(
            heading="Change your password", lead=lead, problem=problem, inputs=inputs, button="Save", links=links
        )
        self.show(form, status)


def twice(page: FormPage) -> str:
    """Return the password that was typed twice.

    Raises:
        FieldError: The two differ.
    """
    given, again = (page.get_body_argument(name, "", strip=False) for name in ("password", "again"))
    if given != again:
        raise FieldError("again", "The passwords do not match.")
    return given


def _note(session: Session, user: User, words: str) -> None:
    by = (user.id, user.username)
    audit.note(session, words, at=datetime.now(UTC), by=by, account_id=user.account_id, user_id=user.id)
