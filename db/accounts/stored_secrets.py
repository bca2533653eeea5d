"""Secrets of accounts and assets, such as the password of an inverter: kept encrypted, told to no client."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table


class KeptSecret(Table):
    """One secret of one account or asset."""

    __tablename__ = "kept_secret"
    __table_args__ = (
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


def of(session: Session, *, account_id: int | None = None, asset_id: int | None = None) -> Sequence[KeptSecret]:
    """Return the secrets of an account or an asset, by name."""
    mine = select(KeptSecret).filter_by(account_id=account_id, asset_id=asset_id)
    return session.scalars(mine.order_by(KeptSecret.name)).all()
