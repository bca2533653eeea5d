"""Values of files as they are stored: energies keep their sum at any resolution, whatever the file's own steps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.assemble.files import files
from app.assemble.files.files import FileOptions
from app.assemble.files.posted import beliefs
from db.assets import Asset
from db.beliefs.chunks import Beliefs
from db.core.bounds import Most
from db.sensors import Sensor
from engine.errors import InputError
from engine.importing.layout import Layout
from engine.series.iso_time import from_us
from tests.engine.importing.sample_files import FOLDER

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def meter(unit: str, minutes: int, name: str = "meter") -> Sensor:
    site = Asset(name="site", attributes={}, flex_model={}, flex_context={})
    return Sensor(
        name=name,
        unit=unit,
        resolution=timedelta(minutes=minutes),
        timezone="Europe/Amsterdam",
        knowledge_horizon={"ex_post": "PT0H"},
        attributes={},
        asset=site,
    )


def stored(name: str | bytes, sensor: Sensor, **options: Any) -> Beliefs:
    """Return what is stored of a sample file, or of some text."""
    content = name if isinstance(name, bytes) else (FOLDER / name).read_bytes()
    told = FileOptions(layout=Layout(**options))
    reading = files.parse_file(content, told, sensor, now=NOW)
    reading.check()
    posted = files.posted_values(reading, told, sensor)
    found = beliefs(posted, sensor, known_at=NOW, most=None)
    return found.take(~found.missing)


def total(found: Beliefs, minutes: int) -> float:
    """Energy of powers that hold for so many minutes each [kWh]."""
    return float(found.middle.sum()) * minutes / 60


@pytest.mark.parametrize("minutes", [5, 15, 60, 240])
@pytest.mark.parametrize(
    ("name", "energy"),
    [
        ("energy-quarters-kWh.csv", 24),
        ("energy-hours-kWh.csv", 24),
        ("daily-energy-over-dst.csv", 95),
        ("daily-energy-autumn.csv", 97),
        ("monthly-energy-kWh.csv", 2879),
        ("charging-sessions.csv", 110.6),
        ("fluvius.csv", 44.676),
    ],
)
def test_energies_are_kept(name: str, energy: float, minutes: int) -> None:
    assert stored(name, meter("kWh", minutes)).middle.sum() == pytest.approx(energy)
    if minutes <= 60:  # longer steps are shorter or longer over a clock change
        assert total(stored(name, meter("kW", minutes)), minutes) == pytest.approx(energy)


def test_a_month_of_one_kilowatt_is_one_kilowatt_until_its_end() -> None:
    found = stored("monthly-energy-kWh.csv", meter("kW", 60))
    assert len(found.events) == 2879 and found.middle == pytest.approx(np.ones(2879))
    assert from_us(int(found.events.max())).isoformat() == "2026-04-30T21:00:00+00:00"


def test_a_charging_session_reaches_no_further_than_it_lasted() -> None:
    found = stored("charging-sessions.csv", meter("kWh", 60))
    hours = {from_us(event).hour: value for event, value in zip(found.events.tolist(), found.middle, strict=True)}
    assert hours[5] == pytest.approx(22.1 * 57 / 190)
    assert hours[6] == pytest.approx(22.1 * 60 / 190 + 7.5 * 55 / 55)
    assert 14 not in hours and 15 not in hours


def test_states_are_weighed_by_time() -> None:
    rows = [("00:00", 0), ("00:50", 3000), ("00:55", 0), ("01:30", 2000), ("05:00", 0)]
    text = "entity_id,state,last_changed\n" + "\n".join(f"p,{value},2026-05-11T{at}:00Z" for at, value in rows)
    found = stored(text.encode(), meter("kW", 60), unit="W")
    assert found.middle.tolist() == [0.25, 1, 2, 2, 2]


def test_states_that_are_unavailable_leave_gaps() -> None:
    found = stored("home-assistant-history.csv", meter("kW", 5), unit="W")
    held = [from_us(event).strftime("%H:%M") for event in found.events.tolist()]
    assert held[:4] == ["00:00", "00:05", "00:40", "00:45"]
    assert found.middle[:2].tolist() == [0.3, 0.3]


@pytest.mark.parametrize("minutes", [15, 60])
def test_steps_that_do_not_fit_those_of_the_sensor_keep_their_energy(minutes: int) -> None:
    tens = "t,kWh\n" + "\n".join(f"2026-05-11T{at // 6:02}:{at % 6}5:00Z,0.5" for at in range(18))
    found = stored(tens.encode(), meter("kW", minutes))
    assert total(found, minutes) == pytest.approx(9)
    rows = [f"2026-05-{day:02}T08:10:00+02:00;01:30;10" for day in range(1, 9)]
    sessions = stored("\n".join(["start;duration;kWh", *rows]).encode(), meter("kWh", minutes))
    assert sessions.middle.sum() == pytest.approx(80)
    assert sessions.middle.max() == pytest.approx(10 / 90 * min(minutes, 50))


def test_watts_and_prices_are_written_in_the_unit_of_the_sensor() -> None:
    assert stored("german-thousands.csv", meter("kW", 60)).middle[[0, 4, -1]].tolist() == [0.8, 1, 1.95]
    assert stored("entsoe-web.csv", meter("EUR/kWh", 15)).middle[0] == pytest.approx(0.05)
    assert stored("fronius.csv", meter("kW", 15)).middle.max() == pytest.approx(4 * 0.47, rel=0.1)


def test_a_stored_energy_is_no_amount_and_no_counter() -> None:
    rows = "\n".join(f"2026-05-11T{hour:02}:00:00Z,{50 + hour / 10}" for hour in range(24))
    found = stored(f"t,kWh\n{rows}".encode(), meter("kWh", 15, "state of charge"))
    assert len(found.events) == 96 and set(found.middle[:4].tolist()) == {50.0}


def test_intervals_that_make_too_many_values_are_refused() -> None:
    sensor = meter("kWh", 1)
    told = FileOptions(layout=Layout(), most=Most(1000, "FLEXSCOPE_MAX_FILE_VALUES"))
    reading = files.parse_file((FOLDER / "monthly-energy-kWh.csv").read_bytes(), told, sensor, now=NOW)
    with pytest.raises(InputError, match="FLEXSCOPE_MAX_FILE_VALUES"):
        files.posted_values(reading, told, sensor)


def test_a_sensor_without_steps_takes_moments_as_they_are() -> None:
    found = stored(b"t,kW\n2026-05-11T00:00:00Z,1\n2026-05-11T00:07:00Z,2\n2026-05-11T00:31:00Z,3\n", meter("kW", 0))
    assert found.middle.tolist() == [1, 2, 3]


def test_one_energy_without_a_length_is_no_power() -> None:
    with pytest.raises(InputError, match="resolution: one row does not show how long"):
        stored(b"t,kWh\n2026-05-11T00:00:00Z,1\n", meter("kW", 15))
    assert stored(b"t,kWh\n2026-05-11T00:00:00Z,1\n", meter("kW", 15), step=timedelta(hours=1)).middle.sum() == 4
    assert stored(b"t,kWh\n2026-05-11T00:00:00Z,1\n", meter("kWh", 15)).middle.tolist() == [1]
