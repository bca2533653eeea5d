"""Answers to requests that carry an idempotency key, so that a repeated request is answered, not done again."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Table

KEPT = timedelta(days=1)
"""How long an answer is kept."""


class StoredAnswer(Table):
    """The answer to one request of one user."""

    __tablename__ = "answered_request"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True, doc="What the client sent as Idempotency-Key")
    request_hash: Mapped[str] = mapped_column(String(64), doc="HMAC of method, address and body")
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(index=True)


def forget(session: Session, *, before: datetime) -> None:
    """Drop answers that are too old to be asked for again."""
    session.execute(delete(StoredAnswer).where(StoredAnswer.at < before))
