"""Long-lived keys of machines, of which only hashes are kept; and secrets of accounts and assets, kept encrypted.

A key is named, limited to scopes, listed and revoked. A secret, such as the password of an inverter, is told to
no client.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, select
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


def keys_of_user(session: Session, user_id: int) -> Sequence[AccessKey]:
    """Return the keys of a user that are not revoked, oldest first."""
    mine = select(AccessKey).where(AccessKey.user_id == user_id, AccessKey.revoked_at.is_(None))
    return session.scalars(mine.order_by(AccessKey.id)).all()


class KeptSecret(Table):
    """One secret of one account or asset."""

    __tablename__ = "kept_secret"
    __table_args__ = (
        # NULLs never equal each other in a unique constraint, so each of the two binds only its own kind of rows.
        UniqueConstraint("account_id", "name"),
        UniqueConstraint("asset_id", "name"),
        CheckConstraint("(account_id IS NULL) <> (asset_id IS NULL)", name="of_one"),
    )

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255), doc="Words joined by dots, such as inverter.password")
    sealed: Mapped[bytes] = mapped_column(LargeBinary, doc="Encrypted (Fernet); the keys are in the settings")
    changed_at: Mapped[datetime]


def secrets_of(session: Session, *, account_id: int | None = None, asset_id: int | None = None) -> Sequence[KeptSecret]:
    """Return the secrets of an account or an asset, by name."""
    mine = select(KeptSecret).filter_by(account_id=account_id, asset_id=asset_id)
    return session.scalars(mine.order_by(KeptSecret.name)).all()
