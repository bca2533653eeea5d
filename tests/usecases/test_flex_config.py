"""What could not be planned with is not stored, whichever way it comes in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.assets import AssetChange, NewAsset, copy_asset, create_asset, update_asset
from app.usecases.sensors import NewSensor, create_sensor
from db.accounts.accounts import Account
from db.assets import Asset, asset_type
from db.core.database import Database
from db.sensors import of_asset
from engine.errors import EngineError

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
