"""Who changed what: noted by the resources, listed here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, get
from app.usecases.audit_log import readable_changes
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.audit import AuditEvent


def _list_events(call: Call, of: Any, query: Paging) -> Any:
    def documents(rows: Sequence[AuditEvent]) -> list[dict[str, Any]]:
        return [
            {
                "event": row.event,
                "event_datetime": row.at.isoformat(),
                "active_user_id": row.active_user_id,
                "active_user_name": row.active_user_name,
                "before": row.before,
                "after": row.after,
            }
            for row in rows
        ]

    # Newest first, unless a sorting was asked for: a log is read from its end
    newest_first = query.model_copy(update={"sort_dir": "desc"}) if query.sort_by is None else query
    return list_page(
        call.session,
        select(AuditEvent).where(of),
        newest_first,
        documents=documents,
        searched=[AuditEvent.event, AuditEvent.active_user_name],
        sorts={"id": AuditEvent.id, "event_datetime": AuditEvent.at},
    )


def of_account(call: Call, id: int, query: Paging) -> Any:
    """List what was changed in an account, newest first."""
    return _list_events(call, readable_changes(call.session, call.user, Account, id), query)


def of_user(call: Call, id: int, query: Paging) -> Any:
    """List what was changed about a user, newest first."""
    return _list_events(call, readable_changes(call.session, call.user, User, id), query)


def of_asset(call: Call, id: int, query: Paging) -> Any:
    """List what was changed about an asset, newest first."""
    return _list_events(call, readable_changes(call.session, call.user, Asset, id), query)


ROUTES = [
    get("/accounts/{id}/auditlog", of_account),
    get("/users/{id}/auditlog", of_user),
    get("/assets/{id}/auditlog", of_asset),
]
