"""Energy is conserved on every path, between any two resolutions, on days of 23, 24 and 25 hours."""

import json
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.core.database import Database
from engine.series.iso_time import iso_duration
from tests.effort import effort
from tests.http.serving import Api
from tests.processes import flexscope

ZONE = ZoneInfo("Europe/Amsterdam")
DAYS = [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)]
"""An ordinary one, and the two on which the clocks change."""
MINUTES = st.sampled_from([5, 10, 15, 20, 30, 60, 1440])
ONE_WAY = {"consumption-price": "1 EUR/kWh", "production-price": "1 EUR/kWh", "site-power-capacity": "1 GW"}
IDLE = {"soc-at-start": 0, "soc-min": 0, "soc-max": 1, "power-capacity": "0 kW"}
READ = [(None, "kWh"), (5, "kWh"), (20, "MWh"), (60, "kWh"), (1440, "kWh"), (15, "kW"), (60, "kW")]
"""Steps [min] and units in which the energies are read; None are the steps of the sensor."""
SHARED = settings(max_examples=effort(3, 12), suppress_health_check=[HealthCheck.function_scoped_fixture])


class Meter:
    """Sensors for energies of one day, and the ways into and out of them."""

    def __init__(self, api: Api, database: Database, ids: dict[str, int], day: date) -> None:
        self.api, self.ids = api, ids
        self.environment = {"SQLALCHEMY_DATABASE_URI": database.url.render_as_string(hide_password=False)}
        self.start, self.end = (datetime.combine(day + timedelta(at), time(), ZONE) for at in (0, 1))
        self.minutes = round((self.end.timestamp() - self.start.timestamp()) / 60)
        self.length = iso_duration(timedelta(minutes=self.minutes))
        types = {kind["name"]: kind["id"] for kind in api.get("/assets/types").json()}
        body = {"name": f"energy {random.random()}", "generic_asset_type_id": types["building"]}
        self.asset = int(api.post("/assets", json=body).json()["id"])

    def moment(self, minute: int) -> str:
        """A moment after so many minutes of the day."""
        return datetime.fromtimestamp(self.start.timestamp() + 60 * minute, ZONE).isoformat()

    def values(self, minutes: int) -> list[float]:
        """Energies of all steps of the day [kWh], in no order."""
        count = 1 if minutes == 1440 else self.minutes // minutes
        return [round(0.1 + at * 7 % 11 / 4, 3) for at in range(count)]

    def add(self, minutes: int, unit: str = "kWh") -> int:
        """Id of a new sensor."""
        step = "P1D" if minutes == 1440 else f"PT{minutes}M"
        body = {"name": f"{unit} {random.random()}", "unit": unit, "event_resolution": step, "timezone": ZONE.key}
        return int(self.api.post("/sensors", json=body | {"generic_asset_id": self.asset}).json()["id"])

    def post(self, sensor: int, values: list[float]) -> None:
        body = {"start": self.moment(0), "duration": self.length, "values": values, "unit": "kWh", "horizon": "PT0H"}
        answer = self.api.post(f"/sensors/{sensor}/data", json=body)
        assert answer.status_code == 200, answer.text

    def file(self, minutes: int, values: list[float]) -> str:
        """The values with start and end."""
        long = self.minutes if minutes == 1440 else minutes
        rows = [f"{self.moment(at * long)},{self.moment((at + 1) * long)},{value}" for at, value in enumerate(values)]
        return "\n".join(["start,end,kWh", *rows])

    def sums(self, sensor: int) -> list[float]:
        """The energy of the day as it is read at several resolutions, as energies and as powers [kWh]."""
        found = []
        for minutes, unit in READ:
            query = {"start": self.moment(0), "duration": self.length, "unit": unit}
            if minutes is not None:
                query["resolution"] = "P1D" if minutes == 1440 else f"PT{minutes}M"
            answer = self.api.get(f"/sensors/{sensor}/data", params=query)
            assert answer.status_code == 200, answer.text
            factor: float = {"kWh": 1.0, "MWh": 1000.0, "kW": (minutes or 0) / 60}[unit]
            found.append(factor * sum(value for value in answer.json()["values"] if value is not None))
        return found

    def run(self, *words: str) -> None:
        """Run a command at a terminal on the same database."""
        done = flexscope(*words, environment=self.environment)
        assert done.returncode == 0, (words, done.stderr)


@pytest.fixture(params=DAYS, ids=str)
def meter(request: pytest.FixtureRequest, api: Api, http_database: Database, ids: dict[str, int]) -> Meter:
    return Meter(api, http_database, ids, request.param)


def fits(own: int, other: int) -> bool:
    """Can messages with values of one length be written in steps of another?"""
    return not max(own, other) % min(own, other)


@SHARED
@given(own=MINUTES, step=MINUTES)
@example(own=1440, step=1440)
def test_what_is_posted_or_uploaded_is_read_as_the_same_energy(meter: Meter, own: int, step: int) -> None:
    values = meter.values(own)
    total = pytest.approx([sum(values)] * len(READ), rel=1e-6)
    uploaded = meter.add(step)
    files = {"uploaded-files": ("meter.csv", meter.file(own, values).encode())}
    answer = meter.api.post(f"/sensors/{uploaded}/data/upload", files=files)
    assert answer.status_code == 200, answer.text
    assert meter.sums(uploaded) == total
    if fits(own, step):
        posted = meter.add(step)
        meter.post(posted, values)
        assert meter.sums(posted) == total


def test_energies_stay_through_commands_reports_and_plans(meter: Meter, tmp_path: Path) -> None:
    values = meter.values(15)
    total = pytest.approx([sum(values)] * len(READ), rel=1e-6)
    sensor, hourly, daily = meter.add(5), meter.add(60), meter.add(1440)
    (tmp_path / "meter.csv").write_text(meter.file(15, values))
    meter.run("add", "beliefs", "--sensor", str(sensor), "--source", "me", str(tmp_path / "meter.csv"))
    assert meter.sums(sensor) == total
    for target in (hourly, daily):
        parameters = {"input": [{"name": "load", "sensor": sensor}], "output": [{"name": "sum", "sensor": target}]}
        config = {"method": "sum"}
        for name, content in (("config", config), ("parameters", parameters)):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        files = [word for name in ("config", "parameters") for word in (f"--{name}", str(tmp_path / f"{name}.json"))]
        times = ["--start", meter.moment(0), "--end", meter.moment(meter.minutes)]
        meter.run("add", "report", "--reporter", "AggregatorReporter", *files, *times)
        assert meter.sums(target) == total
    for step in ("PT20M", "PT60M", "PT10M", "P1D"):
        meter.run("edit", "resample-data", "--sensor", str(sensor), "--event-resolution", step, "--yes")
        assert meter.sums(sensor) == total
    meter.run("edit", "convert-data", "--sensor", str(sensor), "--unit", "MWh")
    assert meter.sums(sensor) == total


@SHARED
@given(own=MINUTES, step=st.sampled_from([5, 15, 30, 60]))
@example(own=1440, step=60)
def test_a_plan_pays_for_the_energy_of_its_loads(meter: Meter, own: int, step: int) -> None:
    values = meter.values(own)
    load, power = meter.add(own), meter.add(step, "kW")
    meter.post(load, values)
    body = {
        "start": meter.moment(0),
        "duration": meter.length,
        "flex-model": IDLE,
        "flex-context": ONE_WAY | {"inflexible-consumption": [{"sensor": load}]},
    }
    answer = meter.api.post(f"/sensors/{power}/schedules/trigger", json=body)
    assert answer.status_code == 202, answer.text
    costs = meter.api.ended(answer.json()["job"]).json()["result"]["commitment-costs"]
    assert sum(costs.values()) == pytest.approx(sum(values), rel=1e-6)
