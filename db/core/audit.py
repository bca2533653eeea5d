"""Who changed what, when, and what it was before; rows are only ever added, the database refuses the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypedDict, Unpack

from sqlalchemy import ColumnElement, String, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table

LONGEST = 500
"""Most characters of what was done."""
By: TypeAlias = tuple[int | None, str]
"""Id and name of who did it; without id: the operator at a terminal, or the server itself."""


class AuditEvent(Table):
    """One change; it stays when what it is about is gone, so that it points at ids, not at rows."""

    __tablename__ = "audit_event"

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(LONGEST), doc="What was done, in a few words")
    active_user_id: Mapped[int | None] = mapped_column(doc="Who did it")
    active_user_name: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(index=True, doc="The account it concerns")
    user_id: Mapped[int | None] = mapped_column(index=True, doc="The user it concerns")
    asset_id: Mapped[int | None] = mapped_column(index=True, doc="The asset it concerns")
    before: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}", doc="Changed fields, as they were"
    )
    after: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}", doc="The same fields, as they are now"
    )

    def __init__(self, *, of: Table | None = None, **columns: Any) -> None:
        super().__init__(**columns)
        self._tells_of = of


def subject_of(event: AuditEvent) -> tuple[str, tuple[Any, ...]]:
    """Return table and primary key of the row whose change an event tells."""
    # A row that was read did not come through __init__.
    of: Table | None = getattr(event, "_tells_of", None)
    if of is not None:
        return of.__tablename__, tuple(inspect(of).mapper.primary_key_from_instance(of))
    named = (("asset", event.asset_id), ("app_user", event.user_id), ("account", event.account_id))
    return next(((table, (key,)) for table, key in named if key is not None), ("", ()))


class About(TypedDict, total=False):
    """What a change concerns, by id."""

    account_id: int | None
    user_id: int | None
    asset_id: int | None


def note(
    session: Session, event: str, *, at: datetime, by: By, of: Table | None = None, **about: Unpack[About]
) -> AuditEvent:
    """Add one change; which fields it changed is added by ``db.core.change_tracking`` when the session is committed.

    Args:
        session: A writing session.
        event: What was done; cut at 500 characters.
        at: When.
        by: Who did it.
        of: The row whose change it tells; None: the asset, user or account it concerns, the first of these.
        about: What it concerns.
    """
    row = AuditEvent(at=at, event=event[:LONGEST], active_user_id=by[0], active_user_name=by[1], of=of, **about)
    row.before, row.after = {}, {}
    # Not added to the session yet: once flushed it could not get its values, as the log refuses changes.
    session.info.setdefault("noted", []).append(row)
    return row


def recent(session: Session, *only: ColumnElement[bool], most: int = 100) -> Sequence[AuditEvent]:
    """Return the newest changes, newest first.

    Args:
        work: To read with.
        only: Conditions, such as ``AuditEvent.asset_id == 5``.
        most: How many at most.
    """
    return session.scalars(select(AuditEvent).where(*only).order_by(AuditEvent.id.desc()).limit(most)).all()
