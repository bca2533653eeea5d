"""Commands about assets and sensors."""

import json
from typing import Any

import click
from sqlalchemy import select

from app.cli.commands.accounts import place
from app.cli.opening import acting, reading
from app.cli.tables import show_table, show_title
from app.usecases.assets import NewAsset, create_asset
from app.usecases.sensors import NewSensor, create_sensor
from db import sensors
from db.assets import Asset, AssetType
from db.core.database import get
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
        fields = {name: value for name, value in columns.items() if value is not None}
        fields |= {"generic_asset_type_id": kinds[asset_type].id, "account_id": account}
        asset = create_asset(session, actor, actor.read(NewAsset, fields))
    click.secho(f"Asset {asset.name} has ID {asset.id}.", fg="green")


def json_object(text: str, field: str) -> dict[str, Any]:
    """Return the object a JSON text holds."""
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(field, f'not JSON ({error.msg}, column {error.colno}); write it like {{"key": 1}}.') from None
    if not isinstance(read, dict):
        raise FieldError(field, 'an object is wanted; write it like {"key": 1}.')
    return read


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
def show_asset_types() -> None:
    """Show all asset types."""
    with reading() as session:
        rows = [
            (row.id, row.name, row.description) for row in session.scalars(select(AssetType).order_by(AssetType.id))
        ]
    show_table(["ID", "Name", "Description"], rows)


@click.command("asset")
@click.option("--id", "asset_id", type=int, required=True, help="ID of the asset.")
def show_asset(asset_id: int) -> None:
    """Show one asset with its sensors."""
    with reading() as session:
        asset = get(session, Asset, asset_id)
        show_title(f"Asset {asset.name} (ID: {asset.id})")
        show_table(
            ["Type", "Location", "Sensors to show"], [(asset.asset_type.name, place(asset), asset.sensors_to_show)]
        )
        facts = {**asset.attributes, "flex-model": asset.flex_model, "flex-context": asset.flex_context}
        for key, value in facts.items():
            if value not in ({}, None):
                click.echo(f"{key}: {json.dumps(value)}")
        show_title("Sensors")
        show_table(
            ["ID", "Name", "Unit", "Resolution", "Timezone", "Attributes"],
            [
                (s.id, s.name, s.unit, iso_duration(s.resolution), s.timezone, json.dumps(s.attributes))
                for s in sensors.of_asset(session, asset_id)
            ],
        )
