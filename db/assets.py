"""Things that take or give energy, markets and weather stations, as a tree."""

from collections import defaultdict
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Select, UniqueConstraint, bindparam, func, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from db.accounts.accounts import TERMINAL_VALUE, USUAL_TERMINAL_VALUE, Account
from db.core.database import IDS_ONCE, Id, Table, get
from engine.errors import FieldError

TYPES = {  # the first eight have fixed ids 1-8, which published clients rely on
    "solar": "Solar panel(s)",
    "wind": "Wind turbine",
    "one-way_evse": "Charging point that only charges",
    "two-way_evse": "Charging point that also discharges (vehicle-to-grid)",
    "battery": "Stationary battery",
    "building": "Building",
    "process": "Process that can be shifted in time",
    "heat-storage": "Heat storage",
}


class AssetType(Table):
    """A kind of asset."""

    __tablename__ = "asset_type"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class Asset(Table):
    """Anything data are collected on; may have a parent and a place."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("name", "parent_asset_id", "account_id"), IDS_ONCE)

    id: Mapped[Id]
    name: Mapped[str]
    asset_type_id: Mapped[int] = mapped_column(ForeignKey("asset_type.id"))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True, doc="None: public, readable by every user"
    )
    parent_asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    latitude: Mapped[float | None] = mapped_column(doc="Degrees north")
    longitude: Mapped[float | None] = mapped_column(doc="Degrees east")
    description: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    flex_context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    flex_model: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sensors_to_show: Mapped[list[Any]] = mapped_column(
        default=list, doc="Sensor ids, or {title, sensors}; an inner list is one chart with several lines"
    )
    sensors_to_show_as_kpis: Mapped[list[Any]] = mapped_column(default=list)

    asset_type: Mapped[AssetType] = relationship(lazy="joined")
    parent: Mapped["Asset | None"] = relationship(remote_side="Asset.id", back_populates="children")
    # passive_deletes: the database deletes what is below, and no child is loaded for it.
    children: Mapped[list["Asset"]] = relationship(back_populates="parent", order_by="Asset.id", passive_deletes=True)


def asset_type(session: Session, name: str) -> AssetType:
    """Return the asset type with a name, made if it is not there yet."""
    found = session.scalar(select(AssetType).where(AssetType.name == name))
    if found is None:
        found = AssetType(name=name, description=TYPES.get(name, ""))
        session.add(found)
        session.flush()
    return found


@cache  # to put the statement together costs as much as to run it
def _in_subtree() -> Select[Asset]:
    tree = select(Asset.id).where(Asset.id == bindparam("root")).cte("tree", recursive=True)
    # UNION, not UNION ALL: it drops rows it has seen, so that a circle in an older tree ends.
    tree = tree.union(select(Asset.id).where(Asset.parent_asset_id == tree.c.id))
    return select(Asset).where(Asset.id.in_(select(tree.c.id)))


def subtree(session: Session, root_id: int) -> list[Asset]:
    """Return an asset and all assets below it, parents before children; each once, even if they stand in a circle."""
    found = {asset.id: asset for asset in session.scalars(_in_subtree(), {"root": root_id})}
    below = defaultdict[int | None, list[int]](list)
    # By id, so that siblings have one order whatever order the database gives.
    for key in sorted(found):
        below[found[key].parent_asset_id].append(key)
    order = dict.fromkeys([root_id] if root_id in found else [])
    queue = list(order)
    for parent in queue:
        new = [key for key in below[parent] if key not in order]
        order.update(dict.fromkeys(new))
        queue += new
    return [found[key] for key in order]


def belong_together(asset: Asset, other: Asset) -> bool:
    """Return whether two assets may be in one tree: the other is of the same account, or public."""
    return other.account_id is None or other.account_id == asset.account_id


def own_subtree(session: Session, root_id: int) -> tuple[list[Asset], list[Asset]]:
    """Return an asset with what belongs to it below, and what was hung below it by another account.

    Older databases have such trees. What is below an asset of another account is left out with it, and not listed.
    """
    every = subtree(session, root_id)
    own, foreign = {asset.id: asset for asset in every[:1]}, []
    for asset in every[1:]:
        if asset.parent_asset_id in own:
            if belong_together(every[0], asset):
                own[asset.id] = asset
            else:
                foreign.append(asset)
    return list(own.values()), foreign


def lineage(asset: Asset) -> list[Asset]:
    """Return the ancestors of an asset from the farthest to itself, up to the first one of another account.

    A circle of them ends where it began.
    """
    line = [asset]
    while (parent := line[-1].parent) is not None and parent not in line and belong_together(asset, parent):
        line.append(parent)
    return line[::-1]


def with_numbers(session: Session, numbers: Collection[int]) -> list[Asset]:
    """Return the assets in whose flex-model, flex-context or attributes one of some whole numbers stands."""
    # Columns, not rows: all assets of the server are looked through, and few of them are wanted.
    columns = session.execute(select(Asset.id, Asset.flex_model, Asset.flex_context, Asset.attributes))
    ids = [key for key, *config in columns if not _whole_numbers(config).isdisjoint(numbers)]
    return [get(session, Asset, key) for key in ids]


def _whole_numbers(value: Any) -> set[int]:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return set[int]().union(*map(_whole_numbers, inside))
    return {value} if type(value) is int else set()  # isinstance would take True for 1


# Any number does that no other advisory lock of this database uses.
TREES = 7_401_215
"""Key of the lock that changes of trees take on PostgreSQL; SQLite has one writer at a time anyway."""


def lock_trees(session: Session) -> None:
    """Let changes of trees wait for each other until the transaction ends: two moves at once could make a circle."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TREES})


def check_parent(session: Session, asset: Asset, parent: Asset) -> None:
    """Refuse to put an asset below another one where it does not belong; no other move is made until the commit.

    Args:
        session: A writing session.
        asset: The asset, which may be new.
        parent: What it is to be part of.

    Raises:
        FieldError: The parent belongs to another account, or is the asset itself or part of it.
    """
    lock_trees(session)
    if not belong_together(asset, parent):
        owner = "is public" if asset.account_id is None else f"belongs to account {asset.account_id}"
        raise FieldError(
            "parent_asset_id",
            f"asset {parent.id} belongs to account {parent.account_id} and this one {owner}; a tree belongs to one "
            "account. Add the asset to the account of its parent, or choose another parent.",
        )
    above: int | None = parent.id
    seen: set[int] = set()
    with session.no_autoflush:  # column by column, as others may have moved what this session read before
        while above is not None and above not in seen:
            if above == asset.id:
                raise FieldError("parent_asset_id", f"asset {parent.id} is asset {asset.id} itself or below it.")
            seen.add(above)
            above = session.scalar(select(Asset.parent_asset_id).where(Asset.id == above))


def count_mixed(session: Session) -> int:
    """Return how many assets stand below one of another account, as older databases allowed."""
    above = aliased(Asset)
    mixed = select(func.count()).select_from(Asset).join(above, above.id == Asset.parent_asset_id)
    return (
        session.scalar(mixed.where(above.account_id.is_not(None), above.account_id.is_distinct_from(Asset.account_id)))
        or 0
    )


def terminal_value(session: Session, asset_id: int) -> str:
    """What energy left at the end of schedules that pages and automations ask for is worth, as the account says.

    A quantile of prices such as ``40%``, or ``off``.
    """
    owner = select(Account.attributes).join(Asset, Asset.account_id == Account.id).where(Asset.id == asset_id)
    return str((session.scalar(owner) or {}).get(TERMINAL_VALUE, USUAL_TERMINAL_VALUE))
