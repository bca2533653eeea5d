"""The second factor: a code of six digits, mailed after the password, valid once and for ten minutes."""

import hashlib
import hmac
import logging
import secrets
from datetime import UTC, datetime, timedelta

from app import mail
from app.auth.access.identity import SignedIn
from app.auth.access.sign_in import TooMany
from app.login import cookies
from app.login.forms import FormPage, Input, LoginForm, inside
from app.running import Running
from db.accounts import sign_in
from db.accounts.sign_in import MailedCode

LOG = logging.getLogger(__name__)
LIFE = timedelta(minutes=10)
TRIES = 5
"""How often one code may be guessed."""
PENDING, DEVICE = "flexscope_code", "flexscope_device"
"""Cookies: whose password was right a moment ago; whose code this browser gave."""
WRONG = "Wrong or expired code. Check it, or sign in again for a new one."
DAY = timedelta(days=1)


def is_needed(page: FormPage, principal: SignedIn) -> bool:
    """Return whether a browser has to give a code."""
    settings = page.running.settings
    if not settings.SECURITY_TWO_FACTOR or settings.SECURITY_TWO_FACTOR_ALWAYS_VALIDATE:
        return settings.SECURITY_TWO_FACTOR
    days = settings.SECURITY_TWO_FACTOR_LOGIN_VALIDITY / DAY
    # With the serial: whatever ends all logins makes a remembered browser give a code again.
    return cookies.kept(page, page.running, DEVICE, days=days) != f"{principal.id}:{principal.serial}"


async def ask(page: FormPage, principal: SignedIn, wanted: str) -> None:
    """Mail a code and lead the browser to where it is asked for."""
    cookies.keep(page, page.running, PENDING, f"{principal.id}:{principal.serial}:{wanted}", days=LIFE / DAY)
    await page.off_loop(mail_code, page.running, principal, datetime.now(UTC), pool="mail")
    page.lead_on("/login/code")


def mail_code(running: Running, principal: SignedIn, now: datetime) -> None:
    """Make a code, keep its hash, and mail it.

    Raises:
        NotSent: The mail server does not take it.
    """
    code = f"{secrets.randbelow(10**6):06d}"
    with running.database.writing() as session:
        # In place of an earlier one: only the code mailed last is valid.
        session.merge(
            MailedCode(
                user_id=principal.id, code_hash=_hashed(running, principal.id, code), expires_at=now + LIFE, tries=0
            )
        )
    name = running.settings.platform_name()
    text = f"Your code is {code}. It is valid for ten minutes.\nIf you did not sign in, change your password."
    mail.send(running.settings, principal.email, f"{code} is your code for {name}", text)


def accept(running: Running, user_id: int, code: str, now: datetime) -> bool:
    """Return whether a code is the one that was mailed; it is void afterwards, as after a few wrong ones.

    Raises:
        TooMany: There were too many wrong codes.
    """
    with running.database.writing() as session:
        until = sign_in.wait_until(session, [f"code:{user_id}"], now)
        if until is not None:
            raise TooMany(until - now)
        # Locked: guesses that are sent all at once must each count.
        kept = session.get(MailedCode, user_id, with_for_update=True)
        is_open = kept is not None and now < kept.expires_at and kept.tries < TRIES
        hashed = _hashed(running, user_id, code.strip())
        if kept is not None and is_open and hmac.compare_digest(kept.code_hash, hashed):
            session.delete(kept)
            sign_in.forget(session, f"code:{user_id}", now)
            return True
        if kept is not None:
            kept.tries += 1
        # Counted beside the tries of this code: a new one is mailed as often as somebody likes.
        sign_in.failed(session, f"code:{user_id}", now, free=2 * TRIES)
        return False


def _hashed(running: Running, user_id: int, code: str) -> str:
    # Keyed with the server's secret: of a plain hash, all million codes are tried in a moment.
    return hmac.new(running.secret.encode(), f"{user_id}:{code}".encode(), hashlib.sha256).hexdigest()


def pending(page: FormPage) -> tuple[int, int, str] | None:
    """User id and session serial of the password that was right a moment ago, and the page that was asked for."""
    text = cookies.kept(page, page.running, PENDING, days=LIFE / DAY)
    if text is None:
        return None
    user_id, serial, wanted = text.split(":", 2)
    return int(user_id), int(serial), inside(wanted)


FORM = LoginForm(
    heading="One more step",
    lead="We sent you a code by email. It is valid for ten minutes.",
    inputs=(Input("code", "Code", "text", "one-time-code"),),
    button="Continue",
    links=(("Start again", "/login"),),
)
