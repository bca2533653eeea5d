"""Sessions of browsers: each can be ended by itself, so that a copied cookie is worth nothing after signing out."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Table


class WebSession(Table):
    """One browser that signed in."""

    __tablename__ = "web_session"

    key: Mapped[str] = mapped_column(String(32), primary_key=True, doc="Random; part of the signed cookie")
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(64), default="", doc="Network address it was started from")
    agent: Mapped[str] = mapped_column(String(200), default="", doc="What the browser says it is")


def is_open(session: Session, key: str) -> bool:
    """Return whether a session was started and not ended."""
    row = session.get(WebSession, key)
    return row is not None and row.ended_at is None


def end(session: Session, key: str, now: datetime) -> None:
    """End one session."""
    session.execute(update(WebSession).where(WebSession.key == key, WebSession.ended_at.is_(None)).values(ended_at=now))
