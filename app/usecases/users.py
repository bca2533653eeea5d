"""Users: delete them."""

from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.jobs import principal
from app.usecases.actor import Actor
from db.accounts.users import User
from db.core import database


def delete_user(session: Session, actor: Actor, user_id: int) -> None:
    """Delete a user; what the user sent stays, what waits for the user is cancelled.

    Raises:
        NotFound: There is no such user.
        NotAllowed: The actor is no admin.
    """
    user = database.get(session, User, user_id)
    if not actor.is_admin:
        raise NotAllowed("delete", f"user {user_id}")
    principal.leave(session, [user_id], now=actor.now)
    actor.record(session, f"Deleted user {user.username!r}", user)
    session.delete(user)
