"""Commands about assets and sensors."""

import json
from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy import select

from app.cli.commands.accounts import place
from app.cli.opening import acting, operator, reading
from app.cli.tables import show_facts, show_table, show_title, tabular
from app.usecases.assets.assets import (
    AssetChange,
    NewAsset,
    NewAssetType,
    create_asset,
    create_asset_type,
    update_asset,
)
from app.usecases.assets.copies import transfer_asset
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from app.usecases.sensors import NewSensor, SensorChange, create_sensor, update_sensor
from db import sensors
from db.accounts.accounts import Account
from db.assets import Asset, AssetType, subtree
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError, UnknownName
from engine.series.iso_time import iso_duration


@click.command("asset")
@click.option("--name", required=True, help="Name of the asset.")
@click.option("--asset-type", required=True, help="Name or ID of its type; see 'flexscope show asset-types'.")
@click.option("--account", type=int, help="ID of the owning account; without it every user may read the asset.")
@click.option("--parent-asset", "parent_asset_id", type=int, help="ID of the asset this one is part of.")
@click.option("--latitude", type=float, help="Degrees north.")
@click.option("--longitude", type=float, help="Degrees east.")
@click.option("--attributes", default="{}", help="More facts, as a JSON object.")
def add_asset(asset_type: str, account: int | None, **columns: Any) -> None:
    """Add an asset."""
    with acting() as (session, actor):
        kinds = {kind.name: kind for kind in session.scalars(select(AssetType))}
        kinds |= {str(kind.id): kind for kind in kinds.values()}
        if asset_type not in kinds:
            raise UnknownName("asset type", asset_type, [name for name in kinds if not name.isdecimal()])
        # An option that was not given is left out: null would say that the field is to be empty.
        fields = {name: value for name, value in columns.items() if value is not None}
        fields |= {"generic_asset_type_id": kinds[asset_type].id, "account_id": account}
        asset = create_asset(session, actor, actor.read(NewAsset, fields))
    click.secho(f"Asset {asset.name} has ID {asset.id}.", fg="green")


def json_object(text: str, field: str, example: str = '{"key": 1}') -> dict[str, Any]:
    """Return the object a JSON text holds."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(field, f"not JSON ({error.msg}, column {error.colno}); write it like {example}.") from None
    if not isinstance(read, dict):
        raise FieldError(field, f"an object is wanted; write it like {example}.")
    return read


@click.command("asset-type")
@click.option("--name", required=True, help="Name of the type.")
@click.option("--description", default="", help="What assets of it are.")
def add_asset_type(name: str, description: str) -> None:
    """Add a kind of asset."""
    with acting() as (session, actor):
        fields = {"name": name, "description": description}
        kind = create_asset_type(session, actor, actor.read(NewAssetType, fields))
    click.secho(f"Asset type {kind.name} has ID {kind.id}.", fg="green")


@click.command("sensor")
@click.option("--name", required=True, help="Name of the sensor.")
@click.option("--unit", required=True, help="Unit of its values, such as kW or EUR/MWh.")
@click.option("--event-resolution", required=True, help="Length of an event: minutes, or ISO 8601 such as PT15M.")
@click.option("--timezone", help="Zone of its days; without it that of the server (FLEXMEASURES_TIMEZONE).")
@click.option("--asset", type=int, required=True, help="ID of the asset.")
@click.option("--attributes", default="{}", help="More facts, as a JSON object.")
def add_sensor(event_resolution: str, timezone: str | None, asset: int, **columns: Any) -> None:
    """Add a sensor of an asset."""
    length = f"PT{event_resolution}M" if event_resolution.isdecimal() else event_resolution
    with acting() as (session, actor):
        fields = columns | {"event_resolution": length, "generic_asset_id": asset}
        fields["timezone"] = timezone or actor.timezone
        sensor = create_sensor(session, actor, actor.read(NewSensor, fields))
    click.secho(f"Sensor {sensor.name} has ID {sensor.id}.", fg="green")


@click.command("asset-types")
@tabular
def show_asset_types() -> None:
    """Show all asset types."""
    with reading() as session:
        rows = [
            (row.id, row.name, row.description) for row in session.scalars(select(AssetType).order_by(AssetType.id))
        ]
    show_table(["ID", "Name", "Description"], rows)


@click.command("assets")
@tabular
def show_assets() -> None:
    """Show all assets."""
    with reading() as session:
        rows = [
            (row.id, row.name, row.asset_type.name, row.account_id, row.parent_asset_id, place(row))
            for row in session.scalars(select(Asset).order_by(Asset.id))
        ]
    show_table(["ID", "Name", "Type", "Account ID", "Parent ID", "Location"], rows)


@click.command("asset")
@click.option("--id", "asset_id", type=int, required=True, help="ID of the asset.")
@tabular
def show_asset(asset_id: int) -> None:
    """Show one asset with its sensors."""
    with reading() as session:
        asset = get(session, Asset, asset_id)
        show_title(f"Asset {asset.name} (ID: {asset.id})", key="asset")
        show_table(
            ["Type", "Location", "Sensors to show"], [(asset.asset_type.name, place(asset), asset.sensors_to_show)]
        )
        facts = {**asset.attributes, "flex-model": asset.flex_model, "flex-context": asset.flex_context}
        show_facts({key: value for key, value in facts.items() if value not in ({}, None)})
        show_title("Sensors")
        show_table(
            ["ID", "Name", "Unit", "Resolution", "Timezone", "Attributes"],
            [
                (s.id, s.name, s.unit, iso_duration(s.resolution), s.timezone, json.dumps(s.attributes))
                for s in sensors.of_asset(session, asset_id)
            ],
        )


@click.command("attribute")
@click.option("--asset", "--asset-id", "asset_ids", type=int, multiple=True, help="ID of an asset; may be repeated.")
@click.option("--sensor", "--sensor-id", "sensor_ids", type=int, multiple=True, help="ID of a sensor, likewise.")
@click.option("--attribute", "name", required=True, help="Name of the attribute.")
@click.option("--float", "as_float", type=float, help="Its value, a number.")
@click.option("--bool", "as_bool", type=bool, help="Its value, true or false.")
@click.option("--str", "as_str", help="Its value, a text.")
@click.option("--int", "as_int", type=int, help="Its value, a whole number.")
@click.option("--list", "as_list", help="Its value, a list as JSON.")
@click.option("--dict", "as_dict", help="Its value, an object as JSON.")
@click.option("--null", "as_null", is_flag=True, help="It has no value.")
def edit_attribute(asset_ids: tuple[int, ...], sensor_ids: tuple[int, ...], name: str, **options: Any) -> None:
    """Set one attribute of assets and sensors, and leave the others as they are."""
    value = _attribute(options)
    if not asset_ids and not sensor_ids:
        raise FieldError("asset", "choose whose attribute it is, with --asset or --sensor.")
    with acting() as (session, actor):
        for key in asset_ids:
            attributes = get(session, Asset, key).attributes | {name: value}
            update_asset(session, actor, key, actor.read(AssetChange, {"attributes": attributes}))
        for key in sensor_ids:
            attributes = get(session, Sensor, key).attributes | {name: value}
            update_sensor(session, actor, key, actor.read(SensorChange, {"attributes": attributes}))
    click.secho(f"{name} is {json.dumps(value)}.", fg="green")


def _attribute(options: Mapping[str, Any]) -> Any:
    """Return the one value that the options of ``edit attribute`` give."""
    # --null is False unless it is given, --bool is None: False is a value of the latter only.
    chosen = {name: value for name, value in options.items() if value is not None and value is not False}
    if options["as_bool"] is False:
        chosen["as_bool"] = False
    if len(chosen) != 1:
        raise FieldError("attribute", "give one value, such as --float 1.5 or --str high.")
    ((name, value),) = chosen.items()
    if name == "as_null":
        return None
    if name == "as_dict":
        return json_object(value, "dict")
    if name == "as_list":
        try:
            read = json.loads(value)
        except json.JSONDecodeError as error:
            raise FieldError("list", f"not JSON ({error.msg}); write it like [1, 2].") from None
        if not isinstance(read, list):
            raise FieldError("list", "a list is wanted; write it like [1, 2].")
        return read
    return value


@click.command("transfer-parenthood")
@click.option("--asset", "asset_id", type=int, help="ID of the asset that moves.")
@click.option("--old-parent", type=int, help="ID of an asset all of whose children move, instead.")
@click.option("--new-parent", type=int, help="ID of the asset they are part of from now on; without it of none.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def transfer_parenthood(asset_id: int | None, old_parent: int | None, new_parent: int | None, yes: bool) -> None:
    """Make assets part of another asset of their account, or of none."""
    if (asset_id is None) == (old_parent is None):
        raise FieldError("asset", "name either one asset with --asset or the parent of several with --old-parent.")
    actor = operator()
    with reading() as session:
        # Looked up before the question, so that nobody agrees to what cannot be done.
        if new_parent is not None:
            get(session, Asset, new_parent)
        moving = Asset.id == asset_id if old_parent is None else Asset.parent_asset_id == old_parent
        names = {row.id: row.name for row in session.scalars(select(Asset).where(moving).order_by(Asset.id))}
    if not names:
        raise FieldError("asset", f"there is no asset {asset_id}, or none below asset {old_parent}.")
    where = "at the top" if new_parent is None else f"below asset {new_parent}"
    # Asked outside of a transaction: while a person thinks, others go on writing.
    if not yes:
        click.confirm(f"Put {', '.join(names.values())} {where}?", abort=True)
    with acting(actor) as (session, _):
        for key in names:
            update_asset(session, actor, key, actor.read(AssetChange, {"parent_asset_id": new_parent}))
    click.secho(f"{', '.join(names.values())}: now {where}.", fg="green")


@click.command("transfer-ownership")
@click.option("--asset", "asset_id", type=int, required=True, help="ID of an asset that is part of none.")
@click.option("--new-owner", "account_id", type=int, required=True, help="ID of the account it goes to.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def transfer_ownership(asset_id: int, account_id: int, yes: bool) -> None:
    """Give an asset with all below it, its values and schedules, to another account."""
    with reading() as session:
        tree = subtree(session, get(session, Asset, asset_id).id)
        owner = get(session, Account, account_id).name
        warning = deletion_warning(None, mentions_elsewhere(session, {each.id for each in tree}))
    if warning:
        click.secho(warning, fg="yellow", err=True)
    if not yes:
        click.confirm(f"Give {', '.join(each.name for each in tree)} to {owner}?", abort=True)
    with acting() as (session, actor):
        moved = transfer_asset(session, actor, asset_id, account_id)
    click.secho(f"{', '.join(each.name for each in moved)}: now of {owner}.", fg="green")
