"""Schedules of many sites: which are meant, who may have them, and what one of them lacks does not stop the others."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.auth.access.identity import identity
from app.jobs.worker import Worker
from app.settings.bounds import Bounds
from app.settings.settings import Settings, load
from app.usecases.actor import Actor
from app.usecases.inputs import Invalid, read_input
from app.usecases.jobs import fleets, schedules
from app.usecases.jobs.fleets import FleetTrigger
from app.usecases.jobs.schedules import ScheduleTrigger
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.audit import AuditEvent
from db.core.database import Database
from db.jobs import jobs
from db.schedules import StoredSchedule, of_job
from engine.errors import EngineError, InputError
from tests.assemble.homes import START, Home

NOW = START - timedelta(hours=1)
WINDOW = {"start": START.isoformat(), "duration": "PT12H"}
BATTERY = {"soc-at-start": "2 kWh", "soc-max": "8 kWh", "power-capacity": "3 kW", "roundtrip-efficiency": "90 %"}


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)})


@pytest.fixture
def town(database: Database) -> dict[str, int]:
    """Ids by name: a street of two accounts with six houses of batteries, the last of which cannot be planned."""
    rng = np.random.default_rng(1)
    with database.writing() as session:
        accounts = {name: Account(name=name) for name in ("Mill", "Quay")}
        session.add_all(accounts.values())
        session.flush()
        for name, account in accounts.items():
            session.add(User(email=f"{name}@b.org", username=name, password_hash="!", account_id=account.id))
        home = Home(session)
        home.asset("street", "building", account_id=accounts["Mill"].id)
        home.asset("bench", "building", "street", account_id=accounts["Mill"].id)
        for number in range(6):
            house, owner = f"house {number}", accounts["Mill" if number < 5 else "Quay"].id
            context = {"consumption-price": {"sensor": home.price(rng.uniform(-0.2, 0.4, 24))}}
            home.asset(house, "building", "street" if number < 5 else None, account_id=owner, flex_context=context)
            battery = home.asset(f"battery {number}", "battery", house, account_id=owner)
            power = {"consumption": {"sensor": home.sensor(f"battery {number}", "power", "kW")}}
            battery.flex_model = BATTERY | power | ({"soc-max": "8 kW"} if number == 4 else {})
        session.flush()
        return {name: row.id for name, row in home.assets.items()} | {name: row.id for name, row in accounts.items()}


def actor(database: Database, settings: Settings, name: str | None) -> Actor:
    if name is None:
        return Actor(principal=None, settings=settings, now=NOW)
    with database.reading() as session:
        user = session.query(User).filter_by(username=name).one()
        return Actor(principal=identity(session, user), settings=settings, now=NOW)


def ordered(database: Database, who: Actor, **named: Any) -> fleets.FleetOrder:
    with database.reading() as session:
        return fleets.order_for(session, who, who.read(FleetTrigger, WINDOW | named))


@pytest.mark.parametrize("who", [None, "Mill"])
def test_sites_are_named_by_what_is_above_them(
    database: Database, settings: Settings, town: dict[str, int], who: str | None
) -> None:
    houses = [town[f"house {number}"] for number in range(5)]
    principal = actor(database, settings, who)
    assert ordered(database, principal, below=town["street"]).asset_ids == houses  # the bench has nothing to plan
    assert ordered(database, principal, account=town["Mill"]).asset_ids == [town["street"]]
    assert ordered(database, principal, sites=[houses[1], {"asset": houses[0]}]).asset_ids == [houses[1], houses[0]]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({}, "sites: name what to plan by exactly one of sites, below and account."),
        ({"below": "street", "account": "Mill"}, "by exactly one of sites, below and account"),
        ({"sites": ["house 0", "house 0"]}, "sites: name each asset once."),
        ({"sites": []}, "sites: there is nothing to plan"),
        ({"below": "bench"}, "sites: there is nothing to plan"),
        ({"sites": ["house 0", "house 5"]}, "sites: you may not add anything to asset"),
        ({"account": "Quay"}, "You may not read account"),
        ({"sites": [99_999]}, "sites: there is no asset 99999."),
        ({"sites": ["house 0", "house 1", "house 2", "house 3"]}, "more than the 3 of one request"),
    ],
)
def test_what_is_no_fleet_is_refused_before_any_is_read(
    database: Database, tmp_path: Any, town: dict[str, int], named: dict[str, Any], sentence: str
) -> None:
    few = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_MAX_SITES": "3"})
    ids = {
        name: [town.get(each, each) for each in value] if isinstance(value, list) else town[value]
        for name, value in named.items()
    }
    with pytest.raises(EngineError) as refused:
        ordered(database, actor(database, few, "Mill"), **ids)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("most", "resolution"), [(600, "PT1M"), (30, None)])
def test_sites_are_bounded_in_sum_before_any_is_planned(
    database: Database, tmp_path: Any, town: dict[str, int], most: int, resolution: str | None
) -> None:
    # Twelve hours: 720 steps of a minute by the request alone, 12 of an hour by what is stored of each house.
    few = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_MAX_FLEET_DEVICE_STEPS": str(most)})
    who = actor(database, few, "Mill")
    steps = {} if resolution is None else {"resolution": resolution}
    with pytest.raises(EngineError, match="FLEXSCOPE_MAX_FLEET_DEVICE_STEPS"):
        order = ordered(database, who, below=town["street"], **steps)
        assert resolution is None  # else it is refused before it is an order
        with database.reading() as session:
            fleets.compute_fleet(session, who, order)


def test_one_site_without_a_schedule_does_not_stop_the_others(
    database: Database, settings: Settings, town: dict[str, int]
) -> None:
    mill = actor(database, settings, "Mill")
    order = ordered(database, mill, below=town["street"])
    with database.writing() as session:
        job_id = fleets.request_fleet(session, mill, order).id
    assert Worker(settings, database).do(job_id)
    with database.reading() as session:
        job, rows = jobs.one(session, job_id), of_job(session, job_id)
        assert (job.status, job.message) == ("FINISHED", "Fleet job finished. 4 of 5 sites are planned.")
        assert [row.asset_id for row in rows] == [town[f"house {number}"] for number in range(4)]
        assert {key: each["schedule"] for key, each in job.result["sites"].items()} == {
            str(row.asset_id): row.id for row in rows
        }
        assert list(job.result["failed"]) == [str(town["house 4"])]
        logged = [row.event for row in session.query(AuditEvent).filter_by(account_id=town["Mill"])]
    assert [event for event in logged if "Asked" in event] == [
        f"Asked for the schedules of 5 sites from {START.isoformat()}"
    ]


def test_a_fleet_gives_what_its_sites_give_alone(database: Database, settings: Settings, town: dict[str, int]) -> None:
    operator = actor(database, settings, None)
    houses = [town[f"house {number}"] for number in (0, 1, 2, 3, 5)]
    order = ordered(database, operator, sites=houses)
    with database.reading() as session:
        together = fleets.compute_fleet(session, operator, order)
        for site in together.sites:
            trigger = operator.read(ScheduleTrigger, WINDOW)
            alone = schedules.order_for_asset(site.computed.request.asset, trigger)
            cost = schedules.compute_schedule(session, operator, alone).schedule.cost
            assert site.computed.schedule.cost == pytest.approx(cost, abs=1e-6)
    assert [site.computed.request.asset for site in together.sites] == houses and together.failures == {}
    assert any(site.computed.schedule.cost < 0 for site in together.sites)  # some are paid to consume


def test_what_changed_hands_meanwhile_is_left_out(database: Database, settings: Settings, town: dict[str, int]) -> None:
    mill, others = actor(database, settings, "Mill"), [town["house 0"], town["house 1"]]
    order = ordered(database, mill, sites=others)
    with database.reading() as session:
        computed = fleets.compute_fleet(session, mill, order)
    with database.writing() as session:
        for name in ("house 1", "battery 1"):
            session.get_one(Asset, town[name]).account_id = town["Quay"]
    with database.writing() as session:
        done = fleets.fleet.save(
            session, mill.principal, computed, known_at=NOW, rules=fleets.fleet.fleet_rules(settings, 2)
        )
    assert set(done.planned) == {town["house 0"]} and "may not" in done.failures[town["house 1"]]
    with database.reading() as session:
        assert [row.asset_id for row in session.query(StoredSchedule)] == [town["house 0"]]


def test_a_fleet_of_which_nothing_can_be_planned_is_refused(
    database: Database, settings: Settings, town: dict[str, int]
) -> None:
    operator = actor(database, settings, None)
    order = ordered(database, operator, sites=[town["house 4"]])
    with database.reading() as session:
        computed = fleets.compute_fleet(session, operator, order)
    with pytest.raises(InputError, match=r"None of 1 sites could be planned\. asset"), database.writing() as session:
        fleets.save_fleet(session, operator, order, computed)


def test_a_site_that_cannot_be_read_is_told_by_its_place_and_in_words() -> None:
    sites = [2, "mill", {"flex-model": []}]
    with pytest.raises(Invalid) as refused:
        read_input(FleetTrigger, {"start": "2026-03-02T00:00:00+01:00", "sites": sites}, Bounds())
    assert refused.value.fields == {
        "sites[1]": ["write a whole number.", "write an object of names and values."],
        "sites[2].asset": ["This field is needed."],
    }
