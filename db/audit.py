"""Who changed what, and when; rows are only ever added."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.base import Id, Table


class AuditEvent(Table):
    """One change; it stays when what it is about is gone, so that it points at ids, not at rows."""

    __tablename__ = "audit_event"

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(500), doc="What was done, in a few words")
    active_user_id: Mapped[int | None] = mapped_column(doc="Who did it")
    active_user_name: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(index=True, doc="The account it concerns")
    user_id: Mapped[int | None] = mapped_column(index=True, doc="The user it concerns")
    asset_id: Mapped[int | None] = mapped_column(index=True, doc="The asset it concerns")


def note(
    work: Session,
    event: str,
    *,
    at: datetime,
    by: tuple[int, str],
    account_id: int | None = None,
    user_id: int | None = None,
    asset_id: int | None = None,
) -> None:
    """Add one change.

    Args:
        work: A writing session.
        event: What was done; cut at 500 characters.
        at: When.
        by: Id and name of the user who did it.
        account_id: The account it concerns.
        user_id: The user it concerns.
        asset_id: The asset it concerns.
    """
    row = AuditEvent(at=at, event=event[:500], active_user_id=by[0], active_user_name=by[1])
    row.account_id, row.user_id, row.asset_id = account_id, user_id, asset_id
    work.add(row)
