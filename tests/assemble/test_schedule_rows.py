"""Every saved schedule is one row with its outputs and what it was made from, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, event, func, select

from app.assemble import day_costs
from app.assemble.schedule_row import recompute
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs import recovery
from app.jobs.handlers import schedule
from app.jobs.recovery import Keeper
from app.jobs.worker import Worker
from app.settings.settings import load
from db import schedules
from db.assets import Asset
from db.beliefs.series import Series
from db.core.database import Database
from db.jobs.jobs import Job
from db.schedules import ScheduleInputs, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine import plugins
from engine.series.window import Window
from engine.site import Schedule, Status
from tests.assemble.homes import HOUR, KNOWN_AT, START, Home
from tests.assemble.test_every_field import BATTERY, at, hours

PRICES = {"consumption-price": hours("0.1 EUR/kWh", "0.4 EUR/kWh", "0.2 EUR/kWh", "0.5 EUR/kWh")}
CAR = {"soc-at-start": "0 kWh", "soc-max": "30 kWh", "consumption-capacity": "5 kW", "production-capacity": "0 kW"}


@pytest.fixture
def home(database: Database) -> Iterator[Home]:
    with database.writing() as session:
        site = Home(session)
        site.asset("battery")
        yield site


def power(home: Home) -> int:
    return home.sensor("battery", "power", "kW", HOUR, consumption_is_positive=True)


def row(home: Home, planned: schedule.Planned) -> StoredSchedule:
    return home.session.get_one(StoredSchedule, planned.id)


def again(home: Home, planned: schedule.Planned) -> Schedule:
    return recompute(schedules.read_inputs(home.session, planned.id) or b"")


def test_a_row_tells_what_was_planned(home: Home) -> None:
    key, level = power(home), home.sensor("battery", "level", "kWh", 0 * HOUR)
    price = home.price([0.1, 0.4, 0.2, 0.5] * 6)
    load = home.fill(home.sensor("battery", "load", "kW", HOUR), [1.0] * 2 + [np.nan] * 22)
    context = {"consumption-price": {"sensor": price}, "production-price": "0.05 EUR/kWh",
               "inflexible-device-sensors": [load], "site-power-capacity": "7 kW"}  # fmt: skip
    planned = home.plan("battery", [{"sensor": key, **BATTERY, "state-of-charge": {"sensor": level}}], context)
    found = row(home, planned)
    assert (found.asset_id, found.job_id, found.source_id) == (home.assets["battery"].id, None, planned.source_id)
    assert (found.start, found.end, found.step, found.belief_time) == (START, START + 4 * HOUR, HOUR, KNOWN_AT)
    assert (found.scheduler, found.status, found.currency) == ("StorageScheduler", "optimal", "EUR")
    assert found.costs == planned.schedule.costs and found.cost == planned.schedule.cost
    assert found.connections == [{"commodity": "electricity", "consumption-price": {"sensor": price},
                                  "production-price": "0.05 EUR/kWh", "consumption-limit": 7.0,
                                  "production-limit": 7.0}]  # fmt: skip
    assert (found.loads, found.input_sensors) == ([f"sensor {load}"], [key, level, price, load])
    assert found.warnings[0].startswith(
        f"inflexible-device-sensors: sensor {load} (load) has no value from 2030-01-14T02"
    )


def test_outputs_tell_sensor_device_role_sign_and_energies(home: Home) -> None:
    key, level = power(home), home.sensor("battery", "level", "kWh", 0 * HOUR)
    total = home.sensor("battery", "total", "kW", HOUR)
    context = {**PRICES, "aggregate-power": {"sensor": total}}
    planned = home.plan("battery", [{"sensor": key, **BATTERY, "state-of-charge": {"sensor": level}}], context)
    found = {output.sensor_id: output for output in row(home, planned).outputs}
    assert [(found[sensor].device, found[sensor].role, found[sensor].sign) for sensor in (key, level, total)] == [
        ("battery", "power", 1.0), ("battery", "state-of-charge", 1.0), ("electricity", "connection", 1.0)
    ]  # fmt: skip
    # it buys 2 kWh at 0.1, and sells them and the 2 kWh it had at 0.4 and 0.5
    assert found[key].numbers == pytest.approx(
        {"consumed": 2, "produced": 4, "peak": 2, "mean-price": 0.3, "paid-price": 0.1}
    )
    assert found[level].numbers == {"soc-min": 0, "soc-max": 10, "soc-at-start": 2}


def test_a_replan_that_repeats_earlier_values_is_whole(home: Home) -> None:
    """Its values are stored as far as they are new only; the row knows all of it."""
    key = power(home)
    model = {"sensor": key, **CAR, "soc-minima": [{"value": "25 kWh", "datetime": "2030-01-14T06:00Z"}]}
    home.plan("battery", [model], {"consumption-price": "0.3 EUR/kWh"}, duration=6 * HOUR)
    request = home._request(
        "battery",
        [{**model, "soc-minima": [{"value": "28 kWh", "datetime": "2030-01-14T06:00Z"}]}],
        {"consumption-price": "0.3 EUR/kWh"},
        duration=6 * HOUR,
    )
    later = schedule.run(References(home.session, None), request, known_at=KNOWN_AT + timedelta(minutes=30))
    found = schedules.newest_with_outputs(home.session, [home.assets["battery"].id], as_of=START)
    assert found is not None and found.id == later.id and later.stored[key] < 6
    assert (found.start, found.end) == (START, START + 6 * HOUR)
    assert found.outputs[0].numbers["consumed"] == pytest.approx(28)
    assert found.cost == pytest.approx(8.40)


SITES: dict[str, dict[str, Any]] = {
    "battery with prices": {"model": BATTERY},
    "target in time": {"model": {**CAR, "soc-targets": at(3, "9 kWh")}},
    "contract that is broken": {
        "model": {**CAR, "soc-minima": at(4, "20 kWh")},
        "context": {"site-power-capacity": "9 kW", "site-consumption-capacity": "2 kW", "relax-constraints": True},
    },
    "peak price": {"model": BATTERY, "context": {"site-peak-consumption-price": "2 EUR/kW"}},
    "promise": {
        "model": BATTERY,
        "context": {"commitments": [{"name": "bid", "baseline": "1 kW", "up-price": "1 EUR/kWh"}]},
    },
    "operation modes": {
        "model": {
            **BATTERY,
            "operation-modes": [{"consumption-range": ["0 kW", "0 kW"]}, {"production-range": ["1 kW", "2 kW"]}],
        }
    },
    "process": {"model": {"power": "3 kW", "duration": "PT2H", "process-type": "BREAKABLE"}},
    "process in one piece": {"model": {"power": "3 kW", "duration": "PT2H", "process-type": "SHIFTABLE"}},
}


@pytest.mark.parametrize("kind", SITES)
def test_a_schedule_is_computed_again_to_the_last_digit(home: Home, kind: str) -> None:
    given = SITES[kind]
    planned = home.plan("battery", [{"sensor": power(home), **given["model"]}], PRICES | given.get("context", {}))
    first, second = planned.schedule, again(home, planned)
    assert (second.costs, second.breaches) == (first.costs, first.breaches)
    assert first.power.keys() == second.power.keys()
    assert all(np.array_equal(values, second.power[name]) for name, values in first.power.items())
    assert bool(row(home, planned).breaches) == (kind == "contract that is broken")


def test_a_breach_is_told_once_with_its_span(home: Home) -> None:
    given = SITES["contract that is broken"]
    planned = home.plan("battery", [{"sensor": power(home), **given["model"]}], PRICES | given["context"])
    (breach,) = row(home, planned).breaches
    # 20 kWh are asked for, and 2 kW may be bought for four hours
    end = (START + 4 * HOUR).isoformat()
    assert breach == {
        "limit": "battery.soc-minima",
        "count": 1,
        "first": end,
        "last": end,
        "largest": 12,
        "unit": "kWh",
    }


class Idle:
    """A scheduler of a plugin, which tells no costs."""

    version = "7"

    def compute(self, site: Any) -> Schedule:
        rest = {port.name: np.zeros(site.window.n) for device in site.devices for port in device.ports}
        return Schedule(window=site.window, power=rest, soc={}, costs={}, status=Status.FALLBACK)


def test_a_plugin_is_kept_as_far_as_it_tells(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "known", lambda _kind: {"idle": Idle})
    home.assets["battery"].attributes = {"custom-scheduler": "idle"}
    planned = home.plan("battery", [{"sensor": power(home), **BATTERY}], PRICES)
    found = row(home, planned)
    assert (found.scheduler, found.costs, found.cost) == ("Idle", {}, None)
    assert found.outputs[0].numbers["consumed"] == 0
    assert not again(home, planned).power["battery"].any()


@pytest.mark.parametrize("rule", [{"keep_inputs": timedelta(0)}, {"most_input_bytes": 100}])
def test_inputs_that_are_not_kept_are_told(home: Home, rule: dict[str, Any]) -> None:
    request = home._request("battery", [{"sensor": power(home), **BATTERY}], PRICES)
    rules = replace(schedule.USUAL, **rule)
    planned = schedule.run(References(home.session, None), request, known_at=KNOWN_AT, rules=rules)
    assert schedules.read_inputs(home.session, planned.id) is None
    assert "FLEXSCOPE_" in row(home, planned).inputs_missing


def count(session: Any, table: Any) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_rows_go_with_their_asset_and_outputs_with_their_sensor(database: Database) -> None:
    with database.writing() as session:
        home = Home(session)
        home.asset("battery")
        key, total = power(home), home.sensor("battery", "total", "kW", HOUR)
        home.plan("battery", [{"sensor": key, **BATTERY}], {**PRICES, "aggregate-power": {"sensor": total}})
        battery = home.assets["battery"].id
    with database.writing() as session:
        session.delete(session.get_one(Sensor, total))
    with database.reading() as session:
        assert [output.sensor_id for output in session.scalars(select(StoredSchedule)).one().outputs] == [key]
    with database.writing() as session:
        session.delete(session.get_one(Asset, battery))
    with database.reading() as session:
        assert [count(session, table) for table in (StoredSchedule, ScheduleOutput, ScheduleInputs)] == [0, 0, 0]


@pytest.fixture
def job(database: Database, tmp_path: Any) -> Iterator[tuple[Worker, str]]:
    """A worker, and a job that plans a battery."""
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_JOB_RETRY_AFTER": "0"})
    with database.writing() as session:
        home = Home(session)
        home.asset("battery")
        request = home._request("battery", [{"sensor": power(home), **BATTERY}], PRICES)
        session.add(queued("plan", request))
    yield Worker(settings, database), "plan"


def queued(key: str, request: ScheduleRequest) -> Job:
    plain = request.model_dump(mode="json")
    made = Job(id=key, kind="schedule", status="QUEUED", request=plain, request_hash="", known_at=KNOWN_AT)
    made.asset_id, made.enqueued_at, made.result, made.message, made.trace = request.asset, KNOWN_AT, {}, "", ""
    return made


@pytest.mark.parametrize("at_statement", ["INSERT INTO schedule ", "INSERT INTO schedule_inputs", "UPDATE job SET"])
def test_values_and_row_are_saved_together_or_not_at_all(
    database: Database, job: tuple[Worker, str], at_statement: str
) -> None:
    worker, key = job
    struck: list[str] = []

    def strike(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        closing = at_statement != "UPDATE job SET" or "FINISHED" in str(parameters)
        if statement.startswith(at_statement) and closing and not struck:
            struck.append(statement)
            raise ConnectionResetError("the database went away")

    event.listen(database.engine, "before_cursor_execute", strike)
    worker.do(key)
    with database.reading() as session:
        assert session.get_one(Job, key).status == "SCHEDULED" and struck
        assert [count(session, table) for table in (StoredSchedule, ScheduleOutput, Series)] == [0, 0, 0]
    with database.writing() as session:
        session.get_one(Job, key).status = "QUEUED"
    worker.do(key)
    with database.reading() as session:
        assert session.get_one(Job, key).status == "FINISHED"
        (found,) = session.scalars(select(StoredSchedule)).all()
        assert found.job_id == key and count(session, Series) == 1


def test_a_job_that_is_saved_twice_leaves_one_row_and_a_row_outlives_its_job(
    database: Database, job: tuple[Worker, str]
) -> None:
    worker, key = job
    worker.do(key)
    with database.writing() as session:
        session.get_one(Job, key).status = "QUEUED"
    worker.do(key)
    with database.reading() as session:
        (found,) = session.scalars(select(StoredSchedule)).all()
        assert found.job_id == key and schedules.of_job(session, key) == [found]
    with database.writing() as session:
        session.execute(delete(Job))
    with database.reading() as session:
        assert session.scalars(select(StoredSchedule)).one().job_id is None


def test_inputs_are_let_go_of_after_their_time(database: Database, job: tuple[Worker, str], tmp_path: Any) -> None:
    worker, key = job
    worker.do(key)
    queue: Any = None  # nothing is handed over while tidying
    keeper = Keeper(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), database, queue)
    for days, kept in ((29, 1), (31, 0)):
        keeper.tidy(datetime.now(UTC) + timedelta(days=days))
        with database.reading() as session:
            assert (count(session, ScheduleInputs), count(session, StoredSchedule)) == (kept, 1)


def test_prices_of_a_long_schedule_tell_what_its_days_cost(home: Home) -> None:
    # 2880 steps of 5 min; 2 kW of load at 0.1 EUR/kWh by day and 0.3 by night: 2 · 12 · (0.1 + 0.3) = 9.60 a day
    day, step = timedelta(days=1), timedelta(minutes=5)
    window = Window.of_length(START, 10 * day, step)
    load = home.fill(home.sensor("battery", "load", "kW", step, consumption_is_positive=True), 2.0, window)
    total = home.sensor("battery", "total", "kW", step, consumption_is_positive=True)
    prices = [
        {"value": f"{price} EUR/kWh", "start": (START + half * day / 2).isoformat(), "duration": "PT12H"}
        for half, price in enumerate([0.1, 0.3] * 10)
    ]
    context = {"consumption-price": prices, "aggregate-power": {"sensor": total}, "inflexible-device-sensors": [load]}
    request = home._request("battery", [{"sensor": home.sensor("battery", "p", "kW", step), "soc-at-start": "0 kWh",
                            "soc-max": "0 kWh", "power-capacity": "0 kW"}], context, duration=10 * day)  # fmt: skip
    rules = replace(schedule.USUAL, limits=WindowLimits(most_steps=0))
    found = row(home, schedule.run(References(home.session, None), request, known_at=KNOWN_AT, rules=rules))
    assert len(found.connection("electricity")["consumption-price"]["packed"]) < 1000
    assets = [home.assets["battery"]]
    for number in (0, 9):
        span = (START + number * day, START + (number + 1) * day)
        (cost,) = day_costs.of_sites(References(home.session, None), assets, *span, known_at=KNOWN_AT)
        assert (cost.cost, cost.hours) == (pytest.approx(9.6), 24)


def test_prices_beyond_the_bound_are_not_kept(home: Home) -> None:
    request = home._request("battery", [{"sensor": power(home), **BATTERY}], PRICES)
    rules = replace(schedule.USUAL, most_input_bytes=20)
    found = row(home, schedule.run(References(home.session, None), request, known_at=KNOWN_AT, rules=rules))
    assert found.connection("electricity")["consumption-price"] is None


def test_rows_go_after_their_time_but_the_newest_of_each_asset_stays(database: Database, tmp_path: Any) -> None:
    with database.writing() as session:
        home = Home(session)
        for name in ("first", "second"):
            home.asset(name)
            key = home.sensor(name, "power", "kW", HOUR)
            for _ in range(3):
                home.plan(name, [{"sensor": key, **BATTERY}], PRICES)
        newest = set(session.scalars(schedules.newest_ids()))
        values = count(session, Series)
    queue: Any = None  # nothing is handed over while tidying
    keeper = Keeper(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), database, queue)
    for days, kept in ((730, 6), (732, 2), (9999, 2)):
        keeper.tidy(datetime.now(UTC) + timedelta(days=days))
        with database.reading() as session:
            assert (count(session, StoredSchedule), count(session, ScheduleOutput)) == (kept, kept)
            assert set(session.scalars(schedules.newest_ids())) == newest and count(session, Series) == values


def test_many_old_rows_go_in_several_transactions(
    database: Database, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MOST_AT_ONCE", 2)
    with database.writing() as session:
        home = Home(session)
        home.asset("battery")
        key = power(home)
        for _ in range(6):
            home.plan("battery", [{"sensor": key, **BATTERY}], PRICES)
    queue: Any = None  # nothing is handed over while tidying
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXSCOPE_KEEP_SCHEDULES": "PT0S"})
    recovery.Keeper(settings, database, queue).tidy(datetime.now(UTC) + HOUR)
    with database.reading() as session:
        assert count(session, StoredSchedule) == 1
