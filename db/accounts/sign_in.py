"""What is remembered of sign-ins: failures that slow down the next try, mailed codes, providers, open sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, and_, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Table

FORGOTTEN = timedelta(hours=1)
"""Failures longer ago than this no longer count."""
KNOWN = timedelta(days=90)
"""How long it is remembered that somebody signed in from a network."""
RENEWED = timedelta(days=1)
"""How old what is remembered becomes before it is written anew."""
GOOD = "good:"
"""Begin of the keys under which that is."""
LONGEST = timedelta(minutes=15)
"""Most that a failure makes the next try wait."""


class Failures(Table):
    """Failed sign-ins with one email address, from one network, or both; and from where one succeeded."""

    __tablename__ = "sign_in_failure"

    key: Mapped[str] = mapped_column(
        String(80), primary_key=True, doc="pair:, email:, from: or good: and a hash or address"
    )
    failures: Mapped[int]
    last_at: Mapped[datetime]
    wait_until: Mapped[datetime] = mapped_column(doc="Before this moment nothing is tried")


class MailedCode(Table):
    """The code last mailed to a user as second factor."""

    __tablename__ = "mailed_code"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)


class ExternalIdentity(Table):
    """Who a user is at a provider of single sign-on."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)


class WebSession(Table):
    """One browser that signed in; each is ended by itself, so that a copied cookie is void after signing out."""

    __tablename__ = "web_session"

    key: Mapped[str] = mapped_column(String(32), primary_key=True, doc="Random; part of the signed cookie")
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64), default="", doc="Network address it was started from")
    agent: Mapped[str] = mapped_column(String(200), default="", doc="What the browser says it is")


def open_sessions(session: Session, user_id: int, since: datetime) -> Sequence[WebSession]:
    """Sessions of a user that have not ended, of those started since a moment; newest first."""
    mine = select(WebSession).where(WebSession.user_id == user_id, WebSession.ended_at.is_(None))
    return session.scalars(mine.where(WebSession.started_at > since).order_by(WebSession.started_at.desc())).all()


def end_session(session: Session, key: str, now: datetime) -> None:
    """End the session of one browser; what has ended keeps its moment."""
    session.execute(update(WebSession).where(WebSession.key == key, WebSession.ended_at.is_(None)).values(ended_at=now))


def wait_until(session: Session, keys: list[str], now: datetime) -> datetime | None:
    """Return until when nothing may be tried under any of some keys; None if it may be now."""
    waits = select(Failures.wait_until).where(Failures.key.in_(keys), Failures.wait_until > now)
    waits = waits.where(Failures.wait_until > Failures.last_at)  # else a failure a moment later would be a wait
    return max(session.scalars(waits), default=None)


def failed(session: Session, key: str, now: datetime, *, free: int) -> int:
    """Count a failure and return how many there are now; from some number on each doubles the wait.

    Args:
        session: A writing session.
        key: Under which it is counted.
        now: When it happened.
        free: How many failures make nobody wait.
    """
    # Locked: tries from many connections at once must each count, and not all read the same number.
    row = session.get(Failures, key, with_for_update=True)
    if row is None:
        row = Failures(key=key, failures=0, last_at=now, wait_until=now)
        session.add(row)
    elif now - row.last_at > FORGOTTEN:
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, now
    beyond = row.failures - free
    # The exponent is bounded as well: from 2**47 s on a timedelta overflows, before min could choose.
    row.wait_until = now + min(LONGEST, timedelta(seconds=2.0 ** min(beyond, 20))) if beyond >= 0 else now
    return row.failures


def forget(session: Session, key: str, now: datetime) -> None:
    """Forget the failures under a key, and whatever was long ago."""
    # Rows of known networks share the table, and outlive failures by months.
    old = and_(Failures.last_at < now - FORGOTTEN, Failures.key.not_like(f"{GOOD}%"))
    session.execute(delete(Failures).where(or_(Failures.key == key, old, Failures.last_at < now - KNOWN)))


def remember(session: Session, key: str, now: datetime) -> None:
    """Remember that somebody signed in from a network."""
    session.merge(Failures(key=GOOD + key, failures=0, last_at=now, wait_until=now))


def is_settled(session: Session, key: str, place: str, now: datetime) -> bool:
    """Return whether a success has nothing to write: no failure under a key, and its network is remembered anew."""
    row = session.get(Failures, GOOD + place)
    return row is not None and now - row.last_at < RENEWED and session.get(Failures, key) is None


def is_known(session: Session, key: str, now: datetime) -> bool:
    """Return whether somebody signed in from a network before."""
    row = session.get(Failures, GOOD + key)
    return row is not None and now - row.last_at < KNOWN
