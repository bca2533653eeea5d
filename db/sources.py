"""Where data come from: users, scripts, schedulers, forecasters, reporters."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Select, UniqueConstraint, bindparam, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table

TYPES = ("user", "scheduler", "forecaster", "reporter", "demo script", "script", "gateway", "market")


class Source(Table):
    """One origin of beliefs; another version or configuration is another source."""

    __tablename__ = "data_source"
    __table_args__ = (UniqueConstraint("name", "type", "user_id", "model", "version", "attributes_hash"),)

    id: Mapped[Id]
    name: Mapped[str]
    type: Mapped[str] = mapped_column(doc="user, scheduler, forecaster, reporter, script or a word of the host's own")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), index=True)
    model: Mapped[str] = mapped_column(default="")
    version: Mapped[str] = mapped_column(default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attributes_hash: Mapped[str] = mapped_column(default="", doc="SHA-256 of the attributes, to find an equal source")

    @property
    def description(self) -> str:
        """Name, model and version for people, such as ``Flexscope StorageScheduler v1``."""
        return " ".join(filter(None, [self.name, self.model, self.version and f"v{self.version}"]))


def of_user(session: Session, user_id: int, *, name: str, account_id: int | None) -> Source:
    """Return the source that stands for a user, made if it is not there yet."""
    same = select(Source).where(Source.user_id == user_id, Source.type == "user")
    return session.scalar(same) or _added(
        session, same, Source(name=name, type="user", user_id=user_id, account_id=account_id)
    )


def named(
    session: Session,
    name: str,
    *,
    type: str = "script",
    model: str = "",
    version: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Source:
    """Return the source of a program, made if it is not there yet; with other attributes it is another source."""
    about = {"name": name, "type": type, "model": model, "version": version}
    text = json.dumps(attributes, sort_keys=True) if attributes else ""
    about["attributes_hash"] = hashlib.sha256(text.encode()).hexdigest() if text else ""
    given = {f"of_{key}": value for key, value in about.items()}
    new = Source(**about, attributes=dict(attributes or {}))
    return session.scalar(_program(), given) or _added(session, _program().params(given), new)


@cache  # every plan asks for its source; to put the statement together costs as much as to run it
def _program() -> Select[Source]:
    keys = ("name", "type", "model", "version", "attributes_hash")
    about: dict[str, Any] = {key: bindparam(f"of_{key}") for key in keys}
    return select(Source).filter_by(**about, user_id=None)


def _added(session: Session, same: Select[Source], new: Source) -> Source:
    """Return a new source, or the one that another writer made in the meantime."""
    # The unique constraint does not help: without user two rows differ, as NULL equals nothing.
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyhow
        # By a hash, as locks are numbers: two names that share one only wait for each other.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{new.type}/{new.name}/{new.user_id}"))))
    found = session.scalar(same)
    if found is None:
        session.add(new)
        session.flush()
    return found or new
