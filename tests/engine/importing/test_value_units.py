"""The unit of values: as the file spells it, assumed and told, or asked where words or numbers speak against it."""

from collections.abc import Sequence

import pytest

from engine.importing.heads import unit_in
from tests.engine.importing.sample_files import asked, read, said


def hours(head: str, values: Sequence[float] = (1, 3, 2, 5), above: str = "") -> str:
    """Return an hourly file whose values stand under a head."""
    rows = [f"2026-05-11 {at:02}:00;{value}" for at, value in enumerate(values)]
    return "\n".join([*above.splitlines(), f"time;{head}", *rows])


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        ("energy_kwh", "kWh"),
        ("KWH", "kWh"),
        ("power_w", "W"),
        ("energyWh", "Wh"),
        ("chargedEnergykWh", "kWh"),
        ("total kWh", "kWh"),
        ("Wirkleistung in Watt", "W"),
        ("usage (kilowatt-hours)", "kWh"),
        ("Einspeisung kWh/15min", "kWh"),
        ("Preis Cent/kWh", "ct/kWh"),
        ("price_eur_per_mwh", "EUR/MWh"),
        ("Temperature (C)", "°C"),
        ("soc_percent", "%"),
        ("KW", None),  # to Germans the week of the year
        ("raw", None),
    ],
)
def test_heads_spell_units_in_many_ways(head: str, unit: str | None) -> None:
    assert unit_in(head) == unit


def test_an_assumed_unit_is_told() -> None:
    reading = read(hours("value"))
    reading.check()
    assert said(reading)["unit"] == "kW" and reading.unit == "kW"
    [told] = [notice for notice in read(hours("Verbrauch")).notices if "names no unit" in notice]
    assert "'Verbrauch'" in told and "taken as kW" in told
    assert said(read(hours("value [W]")))["unit"] == "W"
    assert said(read(hours("value", [1.5, 2.5]).replace(".5", ".5 kWh"), "kWh"))["unit"] == "kWh"


@pytest.mark.parametrize(
    ("head", "values", "sensor", "choices"),
    [
        ("energy", (1, 3, 2, 5), "kW", ["kWh", "Wh", "kW"]),
        ("Energiemenge", (1, 3, 2, 5), "W", ["Wh", "kWh", "W"]),
        ("Leistung", (1, 3, 2, 5), "kWh", ["kW", "W", "kWh"]),
        ("price", (82, 95, 101, 60), "EUR/kWh", ["EUR/MWh", "ct/kWh", "EUR/kWh"]),
        ("Energy price", (0.21, 0.25, 0.3), "EUR/MWh", ["EUR/kWh", "EUR/MWh"]),
        ("temperature", (291, 292, 290.5), "°C", ["K", "°C"]),
        ("SoC", (20, 55, 80), "kWh", ["kWh", "%"]),
        ("Zählerstand", (1000, 1003, 1005, 1010), "kW", ["kW", "kWh", "Wh"]),
    ],
)
def test_a_unit_that_two_readings_fit_is_asked(
    head: str, values: tuple[float, ...], sensor: str, choices: list[str]
) -> None:
    assert asked(read(hours(head, values), sensor)) == {"unit": choices}
    for choice in set(choices) - {"%"}:
        answered = read(hours(head, values), sensor, options={"unit": choice})
        assert answered.unit == choice and "unit" not in asked(answered)


@pytest.mark.parametrize(
    ("head", "values", "sensor"),
    [
        ("energy", (1, 3, 2, 5), "kWh"),
        ("power", (1, 3, 2, 5), "kW"),
        ("price", (0.21, 0.25, 0.3), "EUR/kWh"),
        ("price", (21, 25, 30), "JPY/kWh"),
        ("temperature", (11, 12, 9), "°C"),
        ("SoC", (20, 55, 80), "%"),
        ("consumption", (1, 3, 2, 5), "kW"),
    ],
)
def test_a_unit_that_only_one_reading_fits_is_not_asked(head: str, values: tuple[float, ...], sensor: str) -> None:
    read(hours(head, values), sensor).check()


def test_a_unit_above_the_table_counts_or_is_asked() -> None:
    told = read(hours("Wert", above="Zählpunkt;7\nEinheit;kWh"))
    told.check()
    assert told.unit == "kWh"
    assert asked(read(hours("Wert", above="Lastgang in kWh\nZählpunkt;7"))) == {"unit": ["kWh", "Wh", "kW"]}


def test_states_of_home_assistant_are_asked_for_their_unit_where_it_is_not_the_usual_one() -> None:
    rows = [f"p,{300 + at % 7},2026-05-11T{at // 4:02}:{at % 4 * 15:02}:00Z" for at in range(96)]
    text = "\n".join(["entity_id,state,last_changed", *rows])
    assert asked(read(text, "kW")) == {"unit": ["W", "kW"]}
    assert asked(read(text, "W")) == {}
    assert asked(read(text, "°C")) == {"unit": ["°C"]}  # hotter than anything that is measured
