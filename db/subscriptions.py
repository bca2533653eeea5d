"""What accounts have booked: how much they may ask of the server, and how much they may have on it."""

from datetime import datetime

from sqlalchemy import String, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.database import Id, Table
from engine.errors import EngineError


class QuotaReached(EngineError):
    """The plan of an account does not allow more of something.

    Attributes:
        what: What there would be too many of.
        most: How many the plan allows.
    """

    def __init__(self, what: str, most: int) -> None:
        self.what, self.most = what, most
        super().__init__(f"The plan of this account allows {most} {what}; ask the host for another plan.")


class Subscription(Table):
    """Limits of the accounts that booked it; None stands for the server's own limit, or for none."""

    __tablename__ = "plan"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    requests_per_minute: Mapped[int | None]
    triggers_per_five_minutes: Mapped[int | None]
    most_users: Mapped[int | None]
    most_assets: Mapped[int | None]
    most_clients: Mapped[int | None] = mapped_column(doc="Accounts it may consult")


class Used(Table):
    """How much of a limit is used, by all processes together."""

    __tablename__ = "rate_used"

    key: Mapped[str] = mapped_column(String(80), primary_key=True, doc="Which limit, and of whom")
    window: Mapped[datetime] = mapped_column(primary_key=True, doc="When the time began in which it counts")
    count: Mapped[int]


def of_account(session: Session, account_id: int) -> Subscription | None:
    """Return the plan of an account."""
    return session.scalar(
        select(Subscription).join(Account, Account.plan_id == Subscription.id).where(Account.id == account_id)
    )


def use(session: Session, key: str, window: datetime, amount: int) -> int:
    """Take some of a limit and return how much is used with it; old windows are forgotten with the first of a new."""
    kind = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # One statement counts and answers: of processes that read first, two could take the same last place.
    added = kind.insert(Used).values(key=key, window=window, count=amount)
    taken = added.on_conflict_do_update(index_elements=["key", "window"], set_={"count": Used.count + amount})
    count = int(session.scalars(taken.returning(Used.count)).one())
    # Only who begins a new window cleans up: a DELETE with every request would cost as much as the count itself.
    if count == amount:
        session.execute(delete(Used).where(Used.key == key, Used.window < window))
    return count


def give_back(session: Session, key: str, window: datetime, amount: int) -> None:
    """Return what was taken of a limit and not used."""
    session.execute(update(Used).where(Used.key == key, Used.window == window).values(count=Used.count - amount))


def check_room(session: Session, account_id: int | None, kind: type[User] | type[Asset] | type[Account]) -> None:
    """Refuse one more user, asset or client than an account's plan allows.

    Raises:
        QuotaReached: There is no room.
    """
    plan = of_account(session, account_id) if account_id is not None else None
    if plan is None:
        return
    if kind is Account:
        owner, what, most = Account.consultancy_account_id, "clients", plan.most_clients
    elif kind is User:
        owner, what, most = User.account_id, "users", plan.most_users
    else:
        owner, what, most = Asset.account_id, "assets", plan.most_assets
    if most is not None and (session.scalar(select(func.count()).where(owner == account_id)) or 0) >= most:
        raise QuotaReached(what, most)
