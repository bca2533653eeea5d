"""What could not be planned with is not stored, whichever way it comes in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.assemble.site.naming import mentions
from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.assets.assets import AssetChange, NewAsset, create_asset, delete_asset, update_asset
from app.usecases.assets.copies import copy_asset
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from app.usecases.sensors import NewSensor, SensorChange, create_sensor, delete_sensor, update_sensor
from db.accounts.accounts import Account
from db.assets import Asset, asset_type
from db.core.database import Database
from db.sensors import Sensor, of_asset
from engine.errors import EngineError
from engine.flex.facts import Target

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ACTOR = Actor(principal=None, settings=load({}), now=NOW)
EVENT = {"value": "3 kW", "start": "2026-01-05T00:00:00Z", "duration": "PT1H"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.writing() as opened:
        opened.add(Account(name="Mill"))
        opened.flush()
        yield opened


def add(session: Session, kind: str = "battery", **fields: Any) -> Asset:
    """Return a new asset of the mill with a sensor of power."""
    new = NewAsset(name=kind, generic_asset_type_id=asset_type(session, kind).id, account_id=1, **fields)
    asset = create_asset(session, ACTOR, new)
    create_sensor(
        session, ACTOR, NewSensor(name="power", unit="kW", event_resolution="PT1H", generic_asset_id=asset.id)
    )
    return asset


@pytest.mark.parametrize(
    "column, fields, sentence",
    [
        ("flex_model", {"soc-mim": "1 kWh"}, "did you mean 'soc-min'"),
        ("flex_model", {"soc-max": "1 kW"}, "flex_model.soc-max: "),
        ("flex_model", {"soc-at-start": "1 kWh"}, "belongs to a request"),
        ("flex_model", {"operation-modes": [{"consumption-range": ["0 kW", "1 kW"]}]}, "belongs to a request"),
        ("flex_model", {"consumption-capacity": [EVENT]}, "timed events cannot be stored"),
        ("flex_model", {"consumption": {"sensor": 99}}, "there is no sensor 99"),
        ("flex_model", {"consumption": {"sensor": "1"}}, "flex_model.consumption"),
        ("flex_model", {"soc-usage": [{"sensor": 99}]}, "flex_model.soc-usage"),
        ("flex_model", {"group": {"asset": 99}}, "there is no asset 99"),
        ("flex_model", {"soc-min": "1 kWh", "soc_min": "2 kWh"}, "twice"),
        ("flex_context", {"consumption-price": "0.3 EUR/kWh"}, "stored as a sensor"),
        ("flex_context", {"consumption-price": {"sensor": 99}}, "there is no sensor 99"),
        ("flex_context", {"site-power-capacity": "17 kWh"}, "flex_context.site-power-capacity: "),
        ("flex_context", {"inflexible-device-sensors": [99]}, "there is no sensor 99"),
        ("flex_context", {"commitments": [{"name": "bid", "basline": "1 kW"}]}, "did you mean 'baseline'"),
    ],
)
def test_what_could_not_be_planned_with_is_not_stored(
    session: Session, column: str, fields: dict[str, Any], sentence: str
) -> None:
    asset = add(session)
    for change in (lambda: update_asset(session, ACTOR, asset.id, AssetChange(**{column: fields})),
                   lambda: add(session, "building", **{column: fields})):  # fmt: skip
        with pytest.raises(EngineError) as refused:
            change()
        assert sentence in str(refused.value)
    assert getattr(asset, column) == {}


@pytest.mark.parametrize(
    "column, field",
    [("flex_context", "consumption-price"), ("flex_model", "state-of-charge"), ("flex_model", "soc-max")],
)
def test_a_sensor_of_another_unit_is_not_stored(session: Session, column: str, field: str) -> None:
    asset = add(session)
    (power,) = of_asset(session, asset.id)
    with pytest.raises(EngineError, match="is in 'kW', which is no unit of this field"):
        update_asset(session, ACTOR, asset.id, AssetChange(**{column: {field: {"sensor": power.id}}}))


@pytest.mark.parametrize(
    "kind, fields",
    [
        ("battery", {"soc-min": "1 kWh", "soc_max": "9 kWh", "power-capacity": "5 kW", "soc-unit": "kWh"}),
        ("battery", {"soc-max": 10, "roundtrip-efficiency": 0.9}),
        ("process", {"power": "2 kW"}),
        ("process", {"power": "2 kW", "duration": "PT1H", "process-type": "SHIFTABLE"}),
    ],
)
def test_what_can_be_planned_with_is_stored_as_it_was_written(
    session: Session, kind: str, fields: dict[str, Any]
) -> None:
    asset = add(session, kind, flex_model=fields)
    assert asset.flex_model == fields


def test_a_copy_plans_with_its_own_sensors(session: Session) -> None:
    asset = add(session)
    (power,) = of_asset(session, asset.id)
    update_asset(session, ACTOR, asset.id, AssetChange(flex_model={"consumption": {"sensor": power.id}}))
    copied = copy_asset(session, ACTOR, asset.id)
    (own,) = of_asset(session, copied.id)
    assert copied.flex_model == {"consumption": {"sensor": own.id}}
    assert (own.id, own.resolution) != (power.id, timedelta(0))


def test_a_copy_of_what_cannot_be_planned_with_is_refused(session: Session) -> None:
    asset = add(session)
    asset.flex_model = {"soc-mim": "1 kWh"}  # as an older release let it in
    with pytest.raises(EngineError, match="did you mean 'soc-min'"):
        copy_asset(session, ACTOR, asset.id)


def add_sensor(session: Session, asset: Asset, name: str, unit: str) -> Sensor:
    new = NewSensor(name=name, unit=unit, event_resolution="PT1H", generic_asset_id=asset.id)
    return create_sensor(session, ACTOR, new)


def named_everywhere(session: Session) -> tuple[Asset, Sensor, Asset, Asset]:
    """Return a market and its price, a building and a process that name the price in several ways."""
    market = add(session, "building")
    price = add_sensor(session, market, "price", "EUR/kWh")
    bid = {"name": "bid", "baseline": "1 kW", "up-price": {"sensor": price.id}}
    home = add(session, flex_context={"consumption-price": {"sensor": price.id}, "commitments": [bid]})
    home.flex_context = {"not-a-field": {"sensor": price.id}, **home.flex_context}  # as an older release let it in
    market.attributes, power = {"market_id": price.id}, of_asset(session, home.id)[0]
    machine = add(session, "process", flex_model={"sensor": power.id, "group": {"asset": market.id}})
    return market, price, home, machine


def test_every_field_that_names_a_sensor_or_an_asset_is_found(session: Session) -> None:
    market, price, home, machine = named_everywhere(session)
    power = of_asset(session, home.id)[0]
    targets: list[tuple[Target, int]] = [("sensor", price.id), ("sensor", power.id), ("asset", market.id)]
    assert {(mention.asset, mention.field) for mention in mentions(session, targets)} == {
        (market, "attributes.market_id"),
        (home, "flex_context.consumption-price"),
        (home, "flex_context.commitments.up-price"),
        (machine, "flex_model.sensor"),
        (machine, "flex_model.group.asset"),
    }


def test_a_sensor_that_is_named_is_deleted_and_who_names_it_is_told(session: Session) -> None:
    _, price, home, _ = named_everywhere(session)
    naming = mentions(session, [("sensor", price.id)])
    assert "flex_context.consumption-price of asset 2 (battery)" in deletion_warning(None, naming)
    delete_sensor(session, ACTOR, price.id)
    told = [event.event for event in session.info["noted"] if event.asset_id == home.id]
    assert f"Sensor {price.id} (price) was deleted, which flex_context.consumption-price of this asset names" in told
    assert home.flex_context["consumption-price"] == {"sensor": price.id}
    del home.flex_context["not-a-field"]
    session.flush()
    with pytest.raises(EngineError, match=f"consumption-price.*there is no sensor {price.id}"):
        update_asset(session, ACTOR, home.id, AssetChange(flex_context=home.flex_context))


def test_an_asset_that_is_deleted_is_told_where_it_is_named_elsewhere(session: Session) -> None:
    market, _, home, machine = named_everywhere(session)
    assert {mention.asset for mention in mentions_elsewhere(session, [market.id])} == {home, machine}
    delete_asset(session, ACTOR, market.id)
    told = [event.event for event in session.info["noted"] if event.asset_id == machine.id]
    assert "Asset 1 (building) with its sensors was deleted, which flex_model.group.asset of this asset names" in told


def test_a_unit_that_a_flex_config_cannot_use_is_refused(session: Session) -> None:
    _, price, home, _ = named_everywhere(session)
    with pytest.raises(EngineError, match=r"flex_context.consumption-price of asset 2 \(battery\): sensor .* in 'kW'"):
        update_sensor(session, ACTOR, price.id, SensorChange(unit="kW"))
    price.unit = "EUR/MWh"
    assert update_sensor(session, ACTOR, price.id, SensorChange(unit="EUR/kWh")).unit == "EUR/kWh"
    price.unit = "kW"  # as an older release let it be: it may be mended
    assert update_sensor(session, ACTOR, price.id, SensorChange(unit="kWh")).unit == "kWh"
    assert home.flex_context["consumption-price"] == {"sensor": price.id}
