"""Users: list, read, add, change, reset a password."""

import secrets
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.paging import Paging, listed
from app.api.http.route import Call, Reply, Save, get, patch, post
from app.api.v3 import shown
from app.api.v3.accounts import audit
from app.auth.access import access
from app.auth.login import passwords, reset
from app.usecases.fields import Body, Identifier, Zone
from app.usecases.inputs import Invalid
from db.accounts import subscriptions
from db.accounts.accounts import Account
from db.accounts.users import Role, User, by_email, by_name
from db.core import database

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
OWN = {"username", "timezone"}
"""What users may change about themselves."""
SORTS = {"id": User.id, "username": User.username, "email": User.email, "lastlogin": User.last_login_at}


class UsersQuery(Paging):
    """Which users to list."""

    account: Annotated[Identifier | None, Field(description="Of this account; without it of yours")] = None
    account_id: Annotated[Identifier | None, Field(description="The same as account")] = None
    include_inactive: Annotated[bool, Field(description="Also those that were deactivated")] = False


def list_users(call: Call, query: UsersQuery) -> Any:
    """List the users of an account."""
    account = database.get(call.session, Account, query.account or query.account_id or call.who.account_id)
    access.check(call.who, "read", account)
    rows = select(User).where(User.account_id == account.id)
    if not query.include_inactive:
        rows = rows.where(User.active)
    return listed(
        call.session,
        rows,
        query,
        shown=lambda found: [_user(row) for row in found],
        searched=[User.username, User.email],
        sorts=SORTS,
    )


def _user(row: User) -> shown.Shown:
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


def one_user(call: Call, id: int) -> shown.Shown:
    """Return one user."""
    user = database.get(call.session, User, id)
    access.check(call.who, "read", user)
    return _user(user)


class UserChange(Body):
    """Fields of a user to change; of yourself only username and timezone."""

    username: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    timezone: Zone | None = None
    active: bool | None = None
    flexmeasures_roles: Annotated[list[Identifier], Field(max_length=100)] | None = None


class NewUser(Body):
    """A user to add; a password is set by way of a reset."""

    email: Annotated[str, Field(max_length=255, pattern=EMAIL)]
    username: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    account_id: Identifier | None = None
    timezone: Zone | None = None


def add_user(call: Call, body: NewUser) -> Save:
    """Add a user to an account; the password has to be set by way of a reset."""
    password_hash = passwords.hashed(secrets.token_urlsafe(32))
    return lambda saving: _added(saving, body, password_hash)


def _added(call: Call, body: NewUser, password_hash: str) -> shown.Shown:
    account = call.session.get(Account, body.account_id or call.who.account_id)
    if account is None:
        raise Invalid("json", {"account_id": [f"there is no account {body.account_id}."]})
    if not access.may_add_users(call.who, account):
        raise access.NotAllowed("create-children", access.described(account))
    if by_email(call.session, body.email) is not None:
        raise Invalid("json", {"email": ["a user with this address is there already."]})
    name = body.username or body.email.partition("@")[0]
    _check_free(call, name)
    user = User(
        email=body.email.strip().lower(),
        username=name,
        password_hash=password_hash,
        account_id=account.id,
        timezone=body.timezone or call.running.settings.FLEXMEASURES_TIMEZONE,
    )
    subscriptions.check_room(call.session, account.id, User)
    call.session.add(user)
    call.session.flush()
    audit.note(call, f"Added user {user.username!r}", user)
    return _user(user)


def _check_free(call: Call, name: str) -> None:
    if by_name(call.session, name) is not None:
        raise Invalid("json", {"username": [f"{name!r} is taken already; choose another one."]})


def change_user(call: Call, id: int, body: UserChange) -> shown.Shown:
    """Change the fields given; the answer is the whole user."""
    user = database.get(call.session, User, id)
    access.check(call.who, "update", user)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    if user.id == call.who.id and given.keys() - OWN:
        raise access.NotAllowed("update", f"{', '.join(sorted(given.keys() - OWN))} of yourself")
    if given.get("username") not in (None, user.username):
        _check_free(call, given["username"])
    for name, value in given.items():
        if value is None:
            raise Invalid("json", {name: ["must have a value; leave it out to keep it as it is."]})
        if name == "flexmeasures_roles":
            user.roles = _roles(call, value)
        else:
            setattr(user, name, value)
    call.session.flush()
    audit.note(call, f"Changed {', '.join(sorted(given))} of user {user.username!r}", user)
    call.afterwards.append(lambda: call.running.identities.forget(id))
    return _user(user)


def _roles(call: Call, role_ids: list[int]) -> list[Role]:
    """Return the roles with some ids; only admins may make somebody an admin."""
    found = list(call.session.scalars(select(Role).where(Role.id.in_(role_ids)).order_by(Role.id)))
    unknown = sorted(set(role_ids) - {role.id for role in found})
    if unknown:
        raise Invalid("json", {"flexmeasures_roles": [f"there are no roles with the ids {unknown}."]})
    if "admin" not in call.who.roles and any(role.name.startswith("admin") for role in found):
        raise access.NotAllowed("create-children", "the admins of this server")
    return found


def reset_password(call: Call, id: int) -> Save:
    """Void password, tokens, sessions and access keys of a user, and mail a link to choose a new password."""
    access.check(call.who, "update", database.get(call.session, User, id))
    password_hash = passwords.hashed(secrets.token_urlsafe(32))
    return lambda saving: _voided(saving, id, password_hash)


def _voided(call: Call, id: int, password_hash: str) -> Reply:
    user = database.get(call.session, User, id)
    access.check(call.who, "update", user)
    user.password_hash = password_hash
    audit.note(call, f"Voided password, sessions, tokens and access keys of user {user.username!r}", user)
    call.afterwards.append(lambda: call.running.identities.forget(id))
    call.afterwards.append(lambda: reset.mail_soon(call.running, user, call.address))
    message = (
        f"The password of user {id} is void, all sessions, tokens and keys have ended; a link for a new one is mailed."
    )
    return Reply(content={"status": "PROCESSED", "message": message})


ROUTES = [
    get("/users", list_users),
    post("/users", add_user, status=201, pool="heavy", computes=True),
    get("/users/{id}", one_user),
    patch("/users/{id}", change_user),
    patch("/users/{id}/password-reset", reset_password, pool="heavy", computes=True),
]
