"""Long-lived keys of machines: named, limited to scopes, listed and revoked; only their hashes are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table

SCOPES = {
    "read": "Read whatever its user may read",
    "data": "Write values of sensors",
    "schedule": "Ask for schedules, forecasts and reports",
}
"""What a key may be allowed to do, beside nothing else."""


class AccessKey(Table):
    """One key; it acts as its user, within its scopes."""

    __tablename__ = "access_key"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), doc="What it is for, in the user's words")
    scopes: Mapped[list[Any]] = mapped_column(doc="Names of SCOPES")
    secret_hash: Mapped[str] = mapped_column(String(64), doc="SHA-256 of a secret of 256 random bits")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(doc="None: never")
    revoked_at: Mapped[datetime | None]

    def is_valid(self, now: datetime) -> bool:
        """Return whether it may still be used."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def of_user(session: Session, user_id: int) -> Sequence[AccessKey]:
    """Return the keys of a user that are not revoked, oldest first."""
    mine = select(AccessKey).where(AccessKey.user_id == user_id, AccessKey.revoked_at.is_(None))
    return session.scalars(mine.order_by(AccessKey.id)).all()
