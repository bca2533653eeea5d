"""Who changed what: noted by the resources, listed here."""

from typing import Any

from sqlalchemy import select

from app.api.http.paging import Paging, listed
from app.api.http.route import Call, get
from app.auth.access import access
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core import audit, database
from db.core.audit import AuditEvent
from db.core.database import Table


def note(call: Call, event: str, row: Account | User | Asset, *, of: Table | None = None) -> None:
    """Add what the asker did with a row to the audit log.

    Args:
        call: The request.
        event: What was done, in words.
        row: What it concerns.
        of: The row that was changed, where it is another one that belongs to it.
    """
    who = call.who.id, call.who.username
    if isinstance(row, Asset):
        audit.note(call.session, event, at=call.now, by=who, account_id=row.account_id, asset_id=row.id, of=of)
    elif isinstance(row, User):
        audit.note(call.session, event, at=call.now, by=who, account_id=row.account_id, user_id=row.id, of=of)
    else:
        audit.note(call.session, event, at=call.now, by=who, account_id=row.id, of=of)


def _listed(call: Call, of: Any, query: Paging) -> Any:
    newest_first = query.model_copy(update={"sort_dir": "desc"}) if query.sort_by is None else query
    return listed(
        call.session,
        select(AuditEvent).where(of),
        newest_first,
        shown=lambda rows: [_shown(row) for row in rows],
        searched=[AuditEvent.event, AuditEvent.active_user_name],
        sorts={"id": AuditEvent.id, "event_datetime": AuditEvent.at},
    )


def _shown(row: AuditEvent) -> dict[str, Any]:
    return {
        "event": row.event,
        "event_datetime": row.at.isoformat(),
        "active_user_id": row.active_user_id,
        "active_user_name": row.active_user_name,
        "before": row.before,
        "after": row.after,
    }


def of_account(call: Call, id: int, query: Paging) -> Any:
    """List what was changed in an account, newest first."""
    account = database.get(call.session, Account, id)
    own = id == call.who.account_id and not access.only_reads(call.who)
    access.check(call.who, "update" if own else "read", account)
    return _listed(call, AuditEvent.account_id == id, query)


def of_user(call: Call, id: int, query: Paging) -> Any:
    """List what was changed about a user, newest first."""
    user = database.get(call.session, User, id)
    access.check(call.who, "read" if "admin-reader" in call.who.roles else "update", user)
    return _listed(call, AuditEvent.user_id == id, query)


def of_asset(call: Call, id: int, query: Paging) -> Any:
    """List what was changed about an asset, newest first."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "read", asset)
    return _listed(call, AuditEvent.asset_id == id, query)


ROUTES = [
    get("/accounts/{id}/auditlog", of_account),
    get("/users/{id}/auditlog", of_user),
    get("/assets/{id}/auditlog", of_asset),
]
