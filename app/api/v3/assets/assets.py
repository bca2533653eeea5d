"""Assets: list, read, add, change, delete."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, literal, or_, select

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, delete, get, patch, post
from app.api.v3 import documents
from app.auth.access import access
from app.usecases.assets import assets
from app.usecases.assets.assets import AssetUpdate, NewAsset
from app.usecases.fields import Identifier, Query, Texts
from app.usecases.inputs import Invalid
from db.accounts.accounts import Account
from db.assets import Asset, AssetType
from db.core import database
from engine.errors import nearest

SORTS = {"id": Asset.id, "name": Asset.name, "owner": Asset.account_id}


class Fields(Query):
    """Which fields of each asset to give."""

    fields: Annotated[Texts | None, Field(description="Names joined by |; without it all")] = None


class AssetsQuery(Paging, Fields):
    """Which assets to list."""

    account: Annotated[Identifier | None, Field(description="Of this account; without it your own")] = None
    account_id: Annotated[Identifier | None, Field(description="The same as account")] = None
    all_accessible: Annotated[bool, Field(description="Of all accounts you may read")] = False
    include_public: Annotated[bool, Field(description="Public assets as well")] = False
    root: Annotated[Identifier | None, Field(description="Only this asset and what is below it")] = None
    depth: Annotated[int | None, Field(ge=0, le=100, description="Levels below the root, or below the top")] = None
    asset_type: Annotated[Identifier | None, Field(description="Id of an asset type")] = None


def list_assets(call: Call, query: AssetsQuery) -> Any:
    """List assets; those of your own account where nothing else is asked for."""
    # Rights first: all that is asked for only narrows this down
    rows = select(Asset).where(access.readable_assets(call.user, public=True))
    account_id = query.account or query.account_id
    if account_id is not None:
        access.check(call.user, "read", database.get(call.session, Account, account_id))
    elif not query.all_accessible and query.root is None:
        account_id = call.user.account_id
    if account_id is not None:
        own = Asset.account_id == account_id
        rows = rows.where(or_(own, Asset.account_id.is_(None)) if query.include_public else own)
    elif query.root is None and not query.include_public:
        rows = rows.where(Asset.account_id.is_not(None))
    if query.asset_type is not None:
        rows = rows.where(Asset.asset_type_id == query.asset_type)
    if query.root is not None or query.depth is not None:
        rows = rows.where(Asset.id.in_(_within(query.root, query.depth)))
    return list_page(
        call.session,
        rows,
        query,
        documents=lambda found: _picked(documents.assets(call.session, found), query.fields),
        searched=[Asset.name, Asset.description],
        sorts=SORTS,
    )


def _within(root: int | None, depth: int | None) -> Select[int]:
    """Return the ids of the assets not more than so many levels below a root, or below the top."""
    top = Asset.parent_asset_id.is_(None) if root is None else Asset.id == root
    tree = select(Asset.id, literal(0).label("level")).where(top).cte("below", recursive=True)
    next_level = select(Asset.id, tree.c.level + 1).where(Asset.parent_asset_id == tree.c.id)
    tree = tree.union_all(next_level if depth is None else next_level.where(tree.c.level < depth))
    return select(tree.c.id)


def _picked(rows: list[documents.Document], fields: list[str] | None) -> list[documents.Document]:
    if not fields or not rows:
        return rows
    for name in fields:
        if name not in rows[0]:
            raise Invalid("query", {"fields": [f"there is no field {name!r}; {nearest(name, list(rows[0]))}"]})
    return [{name: row[name] for name in fields} for row in rows]


def list_public(call: Call, query: Fields) -> Any:
    """List the assets that belong to no account, which every user may read."""
    rows = list(call.session.scalars(select(Asset).where(Asset.account_id.is_(None)).order_by(Asset.id)))
    return _picked(documents.assets(call.session, rows), query.fields)


def list_types(call: Call) -> list[documents.Document]:
    """List the kinds of assets."""
    rows = call.session.scalars(select(AssetType).order_by(AssetType.id))
    return [{"id": row.id, "name": row.name, "description": row.description} for row in rows]


def one_asset(call: Call, id: int) -> documents.Document:
    """Return one asset."""
    return documents.assets(call.session, [readable(call, id)])[0]


def readable(call: Call, asset_id: int) -> Asset:
    """Return an asset that the principal may read."""
    asset = database.get(call.session, Asset, asset_id)
    access.check(call.user, "read", asset)
    return asset


def add_asset(call: Call, body: NewAsset) -> documents.Document:
    """Add an asset."""
    return documents.assets(call.session, [assets.create_asset(call.session, call.actor, body)])[0]


def change_asset(call: Call, id: int, body: AssetUpdate) -> documents.Document:
    """Change the fields given; the answer is the whole asset."""
    return documents.assets(call.session, [assets.update_asset(call.session, call.actor, id, body)])[0]


def delete_asset(call: Call, id: int) -> None:
    """Delete an asset with everything below it: assets, sensors and their data; all of it must be yours to delete."""
    assets.delete_asset(call.session, call.actor, id)


ROUTES = [
    get("/assets", list_assets),
    post("/assets", add_asset, status=201),
    get("/assets/public", list_public),
    get("/assets/types", list_types),
    get("/assets/{id}", one_asset),
    patch("/assets/{id}", change_asset),
    delete("/assets/{id}", delete_asset),
]
