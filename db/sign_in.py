"""What is remembered of sign-ins: failures that slow down the next try, mailed codes, identities at providers."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.base import Table

FORGOTTEN = timedelta(hours=1)
"""Failures longer ago than this no longer count."""
LONGEST = timedelta(minutes=15)
"""Most that a failure makes the next try wait."""


class Failures(Table):
    """Failed sign-ins with one email address, or from one network address."""

    __tablename__ = "sign_in_failure"

    key: Mapped[str] = mapped_column(String(80), primary_key=True, doc="email: or from: and a hash or address")
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


def wait_until(work: Session, keys: list[str], now: datetime) -> datetime | None:
    """Return until when nothing may be tried under any of some keys; None if it may be now."""
    waits = select(Failures.wait_until).where(Failures.key.in_(keys), Failures.wait_until > now)
    return max(work.scalars(waits), default=None)


def failed(work: Session, key: str, now: datetime, *, free: int) -> int:
    """Count a failure and return how many there are now; from some number on each doubles the wait.

    Args:
        work: A writing session.
        key: Under which it is counted.
        now: When it happened.
        free: How many failures make nobody wait.
    """
    row = work.get(Failures, key, with_for_update=True)
    if row is None:
        row = Failures(key=key, failures=0, last_at=now, wait_until=now)
        work.add(row)
    elif now - row.last_at > FORGOTTEN:
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, now
    beyond = row.failures - free
    row.wait_until = now + min(LONGEST, timedelta(seconds=2.0 ** min(beyond, 20))) if beyond >= 0 else now
    return row.failures


def forget(work: Session, key: str, now: datetime) -> None:
    """Forget the failures under a key, and those of long ago."""
    work.execute(delete(Failures).where((Failures.key == key) | (Failures.last_at < now - FORGOTTEN)))
