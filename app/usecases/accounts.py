"""Accounts: delete them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.jobs import principal
from app.usecases.actor import Actor
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset, lock_trees
from db.core import database


def delete_account(session: Session, actor: Actor, account_id: int) -> None:
    """Delete an account with its users, assets and data; what others have below its assets moves to the top.

    Raises:
        NotFound: There is no such account.
        NotAllowed: The actor is no admin.
    """
    account = database.get(session, Account, account_id)
    if not actor.is_admin:
        raise NotAllowed("delete", f"account {account_id}")
    lock_trees(session)
    owned = select(Asset.id).where(Asset.account_id == account_id)
    for asset in session.scalars(select(Asset).where(Asset.parent_asset_id.in_(owned))):
        if asset.account_id != account_id:
            asset.parent_asset_id = None
    session.flush()
    members = session.scalars(select(User.id).where(User.account_id == account_id)).all()
    principal.leave(session, members, now=actor.now)
    actor.record(session, f"Deleted account {account.name!r} with its users, assets and data", account)
    session.delete(account)
