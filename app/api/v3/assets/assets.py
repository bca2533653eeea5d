"""Assets: list, read, add, change, delete."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, literal, or_, select

from app.api.http.errors import Invalid
from app.api.http.fields import Body, Identifier, JsonList, JsonObject, Query, Texts
from app.api.http.paging import Paging, listed
from app.api.http.route import Call, delete, get, patch, post
from app.api.v3 import shown
from app.api.v3.accounts import audit
from app.assemble import showing
from app.assemble.site.naming import ask_for_old_attributes, ask_for_stored
from app.auth.access import access
from app.auth.access.references import References
from db.accounts import subscriptions
from db.accounts.accounts import Account
from db.assets import Asset, AssetType, check_parent, lock_trees, subtree
from db.core import database
from engine.errors import nearest

Name = Annotated[str, Field(min_length=1, max_length=80)]
Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees north")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees east")]
MAY_BE_EMPTY = {"latitude", "longitude", "parent_asset_id", "external_id"}
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
    rows = _wanted(call, query)
    return listed(
        call.session,
        rows,
        query,
        shown=lambda found: _picked(shown.assets(call.session, found), query.fields),
        searched=[Asset.name, Asset.description],
        sorts=SORTS,
    )


def _wanted(call: Call, query: AssetsQuery) -> Select[Asset]:
    rows = select(Asset).where(access.readable_assets(call.who, public=True))
    account_id = query.account or query.account_id
    if account_id is not None:
        access.check(call.who, "read", database.get(call.session, Account, account_id))
    elif not query.all_accessible and query.root is None:
        account_id = call.who.account_id
    if account_id is not None:
        own = Asset.account_id == account_id
        rows = rows.where(or_(own, Asset.account_id.is_(None)) if query.include_public else own)
    elif query.root is None and not query.include_public:
        rows = rows.where(Asset.account_id.is_not(None))
    if query.asset_type is not None:
        rows = rows.where(Asset.asset_type_id == query.asset_type)
    if query.root is not None or query.depth is not None:
        rows = rows.where(Asset.id.in_(_within(query.root, query.depth)))
    return rows


def _within(root: int | None, depth: int | None) -> Select[int]:
    """Return the ids of the assets not more than so many levels below a root, or below the top."""
    top = Asset.parent_asset_id.is_(None) if root is None else Asset.id == root
    tree = select(Asset.id, literal(0).label("level")).where(top).cte("below", recursive=True)
    next_level = select(Asset.id, tree.c.level + 1).where(Asset.parent_asset_id == tree.c.id)
    tree = tree.union_all(next_level if depth is None else next_level.where(tree.c.level < depth))
    return select(tree.c.id)


def _picked(rows: list[shown.Shown], fields: list[str] | None) -> list[shown.Shown]:
    if not fields or not rows:
        return rows
    for name in fields:
        if name not in rows[0]:
            raise Invalid("query", {"fields": [f"there is no field {name!r}; {nearest(name, list(rows[0]))}"]})
    return [{name: row[name] for name in fields} for row in rows]


def list_public(call: Call, query: Fields) -> Any:
    """List the assets that belong to no account, which every user may read."""
    rows = list(call.session.scalars(select(Asset).where(Asset.account_id.is_(None)).order_by(Asset.id)))
    return _picked(shown.assets(call.session, rows), query.fields)


def list_types(call: Call) -> list[shown.Shown]:
    """List the kinds of assets."""
    rows = call.session.scalars(select(AssetType).order_by(AssetType.id))
    return [{"id": row.id, "name": row.name, "description": row.description} for row in rows]


def one_asset(call: Call, id: int) -> shown.Shown:
    """Return one asset."""
    return shown.assets(call.session, [readable(call, id)])[0]


def readable(call: Call, asset_id: int) -> Asset:
    """Return an asset that the asker may read."""
    asset = database.get(call.session, Asset, asset_id)
    access.check(call.who, "read", asset)
    return asset


class AssetChange(Body):
    """Fields of an asset to change."""

    name: Name | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    parent_asset_id: Identifier | None = None
    external_id: Annotated[str, Field(max_length=255)] | None = None
    attributes: JsonObject | None = None
    flex_context: JsonObject | None = None
    flex_model: JsonObject | None = None
    sensors_to_show: JsonList | None = None
    sensors_to_show_as_kpis: JsonList | None = None


class NewAsset(AssetChange):
    """An asset to add."""

    name: Name
    generic_asset_type_id: Identifier
    account_id: Annotated[Identifier | None, Field(description="Without it your own; null: public (admins)")] = None


def add_asset(call: Call, body: NewAsset) -> shown.Shown:
    """Add an asset."""
    account_id = body.account_id if "account_id" in body.model_fields_set else call.who.account_id
    _check_owner(call, account_id)
    if call.session.get(AssetType, body.generic_asset_type_id) is None:
        problem = f"there is no asset type {body.generic_asset_type_id}; GET /api/v3_0/assets/types lists them."
        raise Invalid("json", {"generic_asset_type_id": [problem]})
    asset = Asset(name=body.name, asset_type_id=body.generic_asset_type_id, account_id=account_id)
    _apply(call, asset, body)
    subscriptions.check_room(call.session, account_id, Asset)
    call.session.add(asset)
    call.session.flush()
    audit.note(call, f"Added asset {asset.name!r}", asset)
    return shown.assets(call.session, [database.get(call.session, Asset, asset.id)])[0]


def _check_owner(call: Call, account_id: int | None) -> None:
    if account_id is None:
        if "admin" not in call.who.roles:
            raise access.NotAllowed("create-children", "the public assets")
        return
    account = call.session.get(Account, account_id)
    if account is None:
        raise Invalid("json", {"account_id": [f"there is no account {account_id}; choose one that you may see."]})
    access.check(call.who, "create-children", account)


def _apply(call: Call, asset: Asset, body: AssetChange) -> None:
    """Set the fields that were given, once they are found to make sense together."""
    given = {name: getattr(body, name) for name in AssetChange.model_fields if name in body.model_fields_set}
    if given.get("parent_asset_id") not in (None, asset.parent_asset_id):
        _check_parent(call, asset, given["parent_asset_id"])
    for name, value in given.items():
        if value is None and name not in MAY_BE_EMPTY:
            raise Invalid("json", {name: ["must have a value; leave it out to keep it as it is."]})
        setattr(asset, name, value)
    references = References(call.session, call.who)
    for name in ("flex_context", "flex_model"):
        ask_for_stored(references, given.get(name), field=name)
    ask_for_old_attributes(references, given.get("attributes", {}))
    for name in ("sensors_to_show", "sensors_to_show_as_kpis"):
        _check_shown(call, given.get(name, []), name)
    _check_name(call, asset)


def _check_shown(call: Call, charts: list[Any], field: str) -> None:
    """Refuse charts of what the asker may not see; in play mode that is nothing."""
    for key in showing.named(charts):
        References(call.session, None if call.running.settings.is_playing else call.who).sensor(key, field=field)


def _check_name(call: Call, asset: Asset) -> None:
    """Refuse a name that another asset at the same place has."""
    parent_id, account_id = asset.parent_asset_id, asset.account_id
    same = select(Asset.id).where(
        Asset.name == asset.name,
        Asset.parent_asset_id == parent_id if parent_id else Asset.parent_asset_id.is_(None),
        Asset.account_id == account_id if account_id else Asset.account_id.is_(None),
        Asset.id != (asset.id or 0),
    )
    with call.session.no_autoflush:
        taken = call.session.scalar(same.limit(1)) is not None
    if taken:
        where = f"below asset {parent_id}" if parent_id else "at the top of this account"
        raise Invalid("json", {"name": [f"an asset called {asset.name!r} is {where} already; choose another name."]})


def _check_parent(call: Call, asset: Asset, parent_id: int) -> None:
    """Refuse a parent that the asker may not add to, of another account, or below the asset itself."""
    parent = call.session.get(Asset, parent_id)
    if parent is None or not access.may(call.who, "create-children", parent):
        raise Invalid("json", {"parent_asset_id": [f"there is no asset {parent_id} that you may add to."]})
    check_parent(call.session, asset, parent)


def change_asset(call: Call, id: int, body: AssetChange) -> shown.Shown:
    """Change the fields given; the answer is the whole asset."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "update", asset)
    _apply(call, asset, body)
    call.session.flush()
    audit.note(call, f"Changed {', '.join(sorted(body.model_fields_set))} of asset {asset.name!r}", asset)
    return shown.assets(call.session, [asset])[0]


def delete_asset(call: Call, id: int) -> None:
    """Delete an asset with everything below it: assets, sensors and their data; all of it must be yours to delete."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "delete", asset)
    lock_trees(call.session)
    for below in subtree(call.session, id):
        if not access.may(call.who, "delete", below):
            raise access.NotAllowed("delete", access.described(below), field=f"asset {id} has it below it")
    audit.note(call, f"Deleted asset {asset.name!r} with everything below it", asset)
    call.session.delete(asset)


ROUTES = [
    get("/assets", list_assets),
    post("/assets", add_asset, status=201),
    get("/assets/public", list_public),
    get("/assets/types", list_types),
    get("/assets/{id}", one_asset),
    patch("/assets/{id}", change_asset),
    delete("/assets/{id}", delete_asset),
]
