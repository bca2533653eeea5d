"""Users: add, change and delete them, void a password, and keep how they like their pages."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import NotAllowed
from app.jobs import principal
from app.usecases.actor import Actor
from app.usecases.fields import Body, Identifier, Zone
from db import subscriptions
from db.accounts.accounts import Account
from db.accounts.users import ROLES, Role, User, by_email, by_name, role
from db.core import database
from engine.errors import FieldError, UnknownField

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
OWN = {"username", "timezone"}
"""What users may change about themselves."""


def read_email(text: str) -> str:
    """Address in lower case, by which a user is found however it is typed."""
    if len(text) > 255 or not EMAIL.fullmatch(text.strip()):
        raise ValueError(f"{text[:80]!r} is no email address; write it like name@example.org.")
    return text.strip().lower()


EMAIL_SCHEMA = {"type": "string", "maxLength": 255, "pattern": f"^{EMAIL.pattern}$"}
Email = Annotated[str, AfterValidator(read_email), WithJsonSchema(EMAIL_SCHEMA)]
Username = Annotated[str, Field(min_length=1, max_length=255)]


class UserChange(Body):
    """Fields of a user to change; of yourself only username and timezone."""

    username: Username | None = None
    timezone: Zone | None = None
    active: bool | None = None
    flexmeasures_roles: Annotated[list[Identifier], Field(max_length=100)] | None = None


class NewUser(Body):
    """A user to add; a password is set by way of a reset."""

    email: Email
    username: Username | None = None
    account_id: Identifier | None = None
    timezone: Zone | None = None


def create_user(session: Session, actor: Actor, new: NewUser, password_hash: str, *, roles: Sequence[str] = ()) -> User:
    """Add a user to an account.

    Args:
        session: A writing session.
        actor: Who adds.
        new: The user.
        password_hash: Of the first password; hashing takes so long that it is done before anything is locked.
        roles: Names of roles; only admins make admins.

    Raises:
        NotAllowed: The actor may not add users to the account, or no such roles.
        FieldError: There is no such account, or address or name are taken.
        UnknownField: There is no such role.
        QuotaReached: The account has as many users as its subscription allows.
    """
    account_id = new.account_id or (actor.principal.account_id if actor.principal is not None else None)
    account = session.get(Account, account_id) if account_id is not None else None
    if account is None:
        raise FieldError("account_id", f"there is no account {account_id}.")
    if actor.principal is not None and not access.may_add_users(actor.principal, account):
        who = f"account-admins and consultants of it, and {access.ADMINS},"
        raise NotAllowed("create-children", access.described(account), who=who)
    if by_email(session, new.email) is not None:
        raise FieldError("email", "a user with this address already exists.")
    name = new.username or new.email.partition("@")[0]
    _check_free(session, name)
    user = User(email=new.email, username=name, password_hash=password_hash, account_id=account.id)
    user.timezone = new.timezone or actor.settings.FLEXMEASURES_TIMEZONE
    known = {*ROLES, *session.scalars(select(Role.name))} if roles else set()
    for role_name in roles:
        if role_name not in known:
            raise UnknownField("role", role_name, known, field="roles")
    _check_may_give(actor, roles)
    user.roles = [role(session, role_name) for role_name in roles]
    subscriptions.check_room(session, account.id, User)
    session.add(user)
    session.flush()
    actor.record(session, f"Added user {user.username!r}", user)
    return user


def update_user(session: Session, actor: Actor, user_id: int, change: UserChange) -> User:
    """Change the fields that are set; raises as ``create_user`` does, and NotFound."""
    user = database.get(session, User, user_id)
    actor.check("update", user)
    fields: dict[str, Any] = {name: getattr(change, name) for name in change.model_fields_set}
    # Nobody locks themselves out by mistake, or gives themselves roles
    if user.id == actor.user_id and fields.keys() - OWN:
        raise NotAllowed(
            "update",
            f"{', '.join(sorted(fields.keys() - OWN))} of yourself",
            who="others, such as your account-admins,",
        )
    for name, value in fields.items():
        if value is None:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
    if fields.get("username") not in (None, user.username):
        _check_free(session, fields["username"])
    if "flexmeasures_roles" in fields:
        role_ids = fields.pop("flexmeasures_roles")
        roles = list(session.scalars(select(Role).where(Role.id.in_(role_ids)).order_by(Role.id)))
        if unknown := sorted(set(role_ids) - {row.id for row in roles}):
            raise FieldError("flexmeasures_roles", f"there are no roles with the ids {unknown}.")
        _check_may_give(actor, [row.name for row in roles])
        fields["roles"] = roles
    for name, value in fields.items():
        setattr(user, name, value)
    session.flush()
    actor.record(session, f"Changed {', '.join(sorted(change.model_fields_set))} of user {user.username!r}", user)
    return user


def void_password(session: Session, actor: Actor, user_id: int, password_hash: str) -> User:
    """Void password, tokens, sessions and access keys of a user, who is then mailed a link by the caller.

    Args:
        session: A writing session.
        actor: Who does it.
        user_id: Whose password.
        password_hash: Of a password that nobody knows.
    """
    user = database.get(session, User, user_id)
    actor.check("update", user)
    user.password_hash = password_hash
    actor.record(session, f"Voided password, sessions, tokens and access keys of user {user.username!r}", user)
    return user


def delete_user(session: Session, actor: Actor, user_id: int) -> None:
    """Delete a user; what the user sent stays, what waits for the user is cancelled.

    Raises:
        NotFound: There is no such user.
        NotAllowed: The actor is no admin.
    """
    user = database.get(session, User, user_id)
    if not actor.is_admin:
        raise NotAllowed("delete", f"user {user_id}")
    # Before the user goes: the row's SET NULL would let jobs act for the operator, who may do everything.
    principal.leave(session, [user_id], now=actor.now)
    actor.record(session, f"Deleted user {user.username!r}", user)
    session.delete(user)


def choose_preferences(session: Session, actor: Actor, chosen: Mapping[str, Any]) -> None:
    """Keep how the acting user likes pages, by name; None forgets a choice."""
    user = database.get(session, User, actor.user_id or 0)
    # Another object, as SQLAlchemy sees no change inside of a JSON value.
    preferences = {**user.preferences, **chosen}
    user.preferences = {name: value for name, value in preferences.items() if value is not None}


def _check_free(session: Session, name: str) -> None:
    if by_name(session, name) is not None:
        raise FieldError("username", f"{name!r} is taken already; choose another one.")


def _check_may_give(actor: Actor, roles: Sequence[str]) -> None:
    """Only admins make somebody an admin."""
    # Also admin-readers, who read the whole server.
    if not actor.is_admin and any(name.startswith("admin") for name in roles):
        raise NotAllowed("create-children", "the admins of this server")
