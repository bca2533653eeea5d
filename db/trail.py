"""Follows every change of accounts, users, assets and sensors in a session, and writes it to the audit log.

Whoever changes a row may say in words what was done, by ``db.audit.note``; the values before and after are added
here. A change nobody said anything about is written all the same.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from db.audit import About, AuditEvent, By, note
from db.base import Table

WATCHED = {"account": "account", "app_user": "user", "asset": "asset", "sensor": "sensor"}
"""Tables whose changes are written, and what a row is called."""
COUNTERS = {"last_login_at", "login_count", "last_seen_at", "session_serial", "preferences"}
SECRET = {"password_hash"}
"""Fields whose change is told, but not their values."""
HOST: By = (None, "host")


@dataclass
class Change:
    """What became of one row in one session."""

    done: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


class Followed(Session):
    """A writing session whose changes end up in the audit log."""


def act_as(work: Session, by: By) -> None:
    """Say in whose name the rest of a session acts; without it that is the host."""
    work.info["by"] = by


@event.listens_for(Followed, "before_flush")
def collect(work: Session, _context: object, _instances: object) -> None:
    """Remember what this flush will change."""
    changes: dict[Any, Change] = work.info.setdefault("changes", {})
    for rows, done in ((work.new, "Added"), (work.deleted, "Deleted"), (work.dirty, "Changed")):
        for row in rows:
            if getattr(row, "__tablename__", "") in WATCHED:
                before, after = _values(row, done)
                if before or after or done == "Deleted":
                    change = changes.setdefault(row, Change(done))
                    change.before = before | change.before
                    change.after |= after


@event.listens_for(Followed, "before_commit")
def record(work: Session) -> None:
    """Write what was changed, each change beside what was said about it."""
    if work.in_nested_transaction():
        return
    work.flush()
    noted: list[AuditEvent] = work.info.pop("noted", [])
    changes: dict[Any, Change] = work.info.pop("changes", {})
    by: By = work.info.get("by") or _by(noted)
    free = list(noted)
    for row, change in changes.items():
        place = _place(row)
        said = next((one for one in free if place.items() <= _about(one).items()), None)
        if said is None:
            words = f"{change.done} {', '.join(sorted(change.after)) + ' of ' if change.done == 'Changed' else ''}"
            said = note(
                work, f"{words}{WATCHED[row.__tablename__]} {_name(row)!r}", at=datetime.now(UTC), by=by, **place
            )
        else:
            free.remove(said)
        said.before, said.after = change.before, change.after
    work.add_all(noted + work.info.pop("noted", []))


def _by(noted: list[AuditEvent]) -> By:
    return (noted[0].active_user_id, noted[0].active_user_name) if noted else HOST


def _values(row: Table, done: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the changed fields of a row, before and after."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    names = [attribute.key for attribute in state.mapper.column_attrs if attribute.key not in COUNTERS]
    for name in [*names, "roles"] if "roles" in state.mapper.relationships else names:
        history = state.attrs[name].history
        new, old = [*history.unchanged, *(history.added or ())], [*history.unchanged, *(history.deleted or ())]
        if done == "Deleted":
            before[name] = _told(name, old)
        elif history.has_changes():
            after[name] = _told(name, new)
            if done == "Changed":
                before[name] = _told(name, old)
    return ({k: v for k, v in before.items() if v is not None} if done == "Deleted" else before), after


def _told(name: str, values: list[Any]) -> Any:
    """Return a value of a field as JSON can keep it."""
    if name in SECRET:
        return "(secret)"
    if name == "roles":
        return sorted(role.name for role in values)
    value = values[-1] if values else None
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _name(row: Any) -> str:
    return str(getattr(row, "username", None) or row.name)


def _place(row: Any) -> About:
    """Return what a change of a row concerns, as columns of the log."""
    if row.__tablename__ == "account":
        return {"account_id": row.id}
    if row.__tablename__ == "app_user":
        return {"account_id": row.account_id, "user_id": row.id}
    if row.__tablename__ == "asset":
        return {"account_id": row.account_id, "asset_id": row.id} if row.account_id else {"asset_id": row.id}
    return {"asset_id": row.asset_id}


def _about(one: AuditEvent) -> dict[str, int | None]:
    own = {"account_id": one.account_id, "user_id": one.user_id, "asset_id": one.asset_id}
    return {name: key for name, key in own.items() if key is not None}
