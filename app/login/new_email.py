"""Another email address for somebody who is signed in: it counts once a link that is mailed to it was followed."""

import logging
from datetime import UTC, datetime, timedelta

from tornado.web import create_signed_value, decode_signed_value

from app import mail
from app.auth.access import passwords
from app.login import cookies, reset
from app.login.forms import FormPage, Input, LoginForm
from db.accounts import sign_in
from db.accounts.users import User, by_email
from db.core import audit
from db.core.database import get
from engine.errors import EngineError, FieldError

LOG = logging.getLogger(__name__)
PURPOSE = "new-email"
DAY, LIFE = timedelta(days=1), timedelta(hours=1)
SENT = "If this address is not in use yet, we sent a link to it. The link is valid for one hour."
VOID = "This link has expired, was already used, or the address is now taken. Request a new one."
LONGEST = 255


class ChangeEmail(FormPage):
    """Asks for the new address, and for the password."""

    async def get(self) -> None:
        """Show the form."""
        principal = await self.off_loop(self.principal_of, cookies.read(self, self.running))
        if principal is None:
            self.lead_on("/login?next=/change-email")
        else:
            self._ask("", 200)

    async def post(self) -> None:
        """Mail a link to the new address; the answer is the same whether somebody has it or not."""
        principal = await self.off_loop(self.principal_of, cookies.read(self, self.running))
        if principal is None:
            self.lead_on("/login?next=/change-email")
            return
        email = self.get_body_argument("email", "").strip().lower()
        password = self.get_body_argument("password", "", strip=False)

        def check() -> None:
            name, _, host = email.partition("@")
            if not name or "." not in host or len(email) > LONGEST or any(letter.isspace() for letter in email):
                raise FieldError("email", "Enter an address like name@example.org.")
            now, key = datetime.now(UTC), f"new-mail:{principal.id}"
            # Every try counts, also with the right password: each may send a mail to an address of the client's choice.
            with self.running.database.writing() as session:
                if sign_in.wait_until(session, [key], now):
                    raise FieldError("email", "Too many attempts. Try again later.")
                sign_in.failed(session, key, now, free=3)
                password_hash = get(session, User, principal.id).password_hash
            if not passwords.matches(password_hash, password):
                raise FieldError("password", "This is not your current password.")

        try:
            await self.off_loop(check)
        except FieldError as error:
            self._ask(error.problem, 422)
            return
        self.mail(self._mail, principal.id, email, self.address)
        self.show(LoginForm(heading="Check your email", lead=SENT, links=(("Back", "/"),)))

    def _mail(self, user_id: int, email: str, asked: str) -> None:
        try:
            with self.running.database.reading() as session:
                user = get(session, User, user_id)
                if by_email(session, email) is not None:
                    return
            # With the serial: whatever ends the logins of the user voids the link as well.
            signed = f"{user.id}:{user.session_serial}:{email}"
            token = create_signed_value(self.running.secret, PURPOSE, signed).decode("ascii")
            link = f"{reset.public_address(self.running, asked)}/confirm-email?token={token}"
            text = (
                f"Confirm within an hour that this is your address:\n{link}\n\nElse do nothing, and all stays as it is."
            )
            name = self.running.settings.platform_name()
            mail.send(self.running.settings, email, f"Your address for {name}", text)
        except EngineError as error:
            LOG.error("%s", error)

    def _ask(self, problem: str, status: int) -> None:
        new = Input("email", "New email address", "email", "email")
        inputs = (new, Input("password", "Current password", "password", "current-password"))
        links = (("Back", "/"),)
        lead = "We send a link to the new address. Until you open it, the old address stays valid."
        form = LoginForm(
            heading="Change your email address", lead=lead, problem=problem, inputs=inputs, button="Email me a link",
            links=links,
        )  # fmt: skip
        self.show(form, status)


class ConfirmEmail(FormPage):
    """Where the mailed link leads; only the button there changes anything, because programs follow links as well."""

    def get(self) -> None:
        """Show the button."""
        hidden = (("token", self.get_argument("token", "")),)
        self.show(LoginForm(heading="Is this your address?", hidden=hidden, button="Confirm this address"))

    async def post(self) -> None:
        """Use the new address; all sessions end, and the old address is told."""
        token, known = self.get_argument("token", ""), None
        signed = decode_signed_value(self.running.secret, PURPOSE, token, max_age_days=LIFE / DAY)
        if signed is not None:  # genuine, and young enough
            # The address stands last, as it may hold colons itself.
            key, serial, email = signed.decode().split(":", 2)
            known = int(key), int(serial), email

        def save() -> tuple[int, str]:
            """Save the new address; return the id of the user and the old address."""
            with self.running.database.writing() as session:
                # Locked: of two links followed at once, the second finds that the serial has changed.
                user = session.get(User, known[0], with_for_update=True) if known else None
                if known is None or user is None or not user.active or user.session_serial != known[1]:
                    raise FieldError("token", VOID)
                # Asked once more: in the hour since the mail somebody else may have taken the address.
                if by_email(session, known[2]) is not None:
                    raise FieldError("token", VOID)
                old, user.email = user.email, known[2]
                by = (user.id, user.username)
                told = f"Changed the own email address from {old} to {user.email}"
                audit.note(session, told, at=datetime.now(UTC), by=by, account_id=user.account_id, user_id=user.id)
                return user.id, old

        try:
            user_id, old = await self.off_loop(save)
        except FieldError as error:
            self.show(LoginForm(heading="Not changed", problem=error.problem, links=(("To the start page", "/"),)), 422)
            return
        self.running.identities.forget(user_id)
        name = self.running.settings.platform_name()
        text = "The email address of your user was changed. If this was not you, contact an admin at once."
        # To the old address: whoever took the user over reads the new one.
        self.mail(reset.mail_notice, self.running, old, f"Your address for {name} was changed", text)
        self.lead_on("/login")
