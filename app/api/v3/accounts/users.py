"""Users: list, read, add, change, reset a password."""

import secrets
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, Reply, Save, get, patch, post
from app.api.v3 import documents
from app.auth.access import access, passwords
from app.login import reset
from app.usecases import users
from app.usecases.fields import Identifier
from app.usecases.users import NewUser, UserChange
from db.accounts.accounts import Account
from db.accounts.users import User
from db.core import database

SORTS = {"id": User.id, "username": User.username, "email": User.email, "lastlogin": User.last_login_at}


class UsersQuery(Paging):
    """Which users to list."""

    account: Annotated[Identifier | None, Field(description="Of this account; without it of yours")] = None
    account_id: Annotated[Identifier | None, Field(description="The same as account")] = None
    include_inactive: Annotated[bool, Field(description="Also those that were deactivated")] = False


def list_users(call: Call, query: UsersQuery) -> Any:
    """List the users of an account."""
    account = database.get(call.session, Account, query.account or query.account_id or call.user.account_id)
    access.check(call.user, "read", account)
    rows = select(User).where(User.account_id == account.id)
    if not query.include_inactive:
        rows = rows.where(User.active)
    return list_page(
        call.session,
        rows,
        query,
        documents=lambda found: [_user(row) for row in found],
        searched=[User.username, User.email],
        sorts=SORTS,
    )


def _user(row: User) -> documents.Document:
    return {
        "id": row.id,
        "email": row.email,
        "username": row.username,
        "account_id": row.account_id,
        "active": row.active,
        "timezone": row.timezone,
        "flexmeasures_roles": [role.id for role in row.roles],
        "roles": [role.name for role in row.roles],
        "last_login_at": _iso(row.last_login_at),
        "last_seen_at": _iso(row.last_seen_at),
        "login_count": row.login_count,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def one_user(call: Call, id: int) -> documents.Document:
    """Return one user."""
    user = database.get(call.session, User, id)
    access.check(call.user, "read", user)
    return _user(user)


def add_user(call: Call, body: NewUser) -> Save:
    """Add a user to an account; the password has to be set by way of a reset."""
    # Nobody knows this password, so that only a reset leads in.
    password_hash = passwords.hashed(secrets.token_urlsafe(32))
    return lambda saving: _user(users.create_user(saving.session, saving.actor, body, password_hash=password_hash))


def change_user(call: Call, id: int, body: UserChange) -> documents.Document:
    """Change the fields given; the answer is the whole user."""
    return _user(users.update_user(call.session, call.actor, id, body))


def reset_password(call: Call, id: int) -> Save:
    """Void password, tokens, sessions and access keys of a user, and mail a link to choose a new password."""
    access.check(call.user, "update", database.get(call.session, User, id))
    password_hash = passwords.hashed(secrets.token_urlsafe(32))

    def save(saving: Call) -> Reply:
        user = users.void_password(saving.session, saving.actor, id, password_hash=password_hash)
        saving.afterwards.append(lambda: reset.mail_soon(saving.running, user, saving.address))
        return Reply(content={"status": "PROCESSED", "message": reset.VOIDED.format(id=id)})

    return save


ROUTES = [
    get("/users", list_users),
    post("/users", add_user, status=201, pool="heavy", computes=True),
    get("/users/{id}", one_user),
    patch("/users/{id}", change_user),
    patch("/users/{id}/password-reset", reset_password, pool="heavy", computes=True),
]
