"""A home, from nothing to its report, with the published client: set up, history, forecast, two rolling plans."""

from pathlib import Path
from typing import Any

import pandas as pd
from flexmeasures_client import FlexMeasuresClient

from tests.http.homes import Home, set_up
from tests.http.test_flexmeasures_client import Use, use

__all__ = ["use"]  # a fixture
NOW = pd.Timestamp("2030-01-15T00:00:00+01:00")
STEP, AHEAD = pd.Timedelta(hours=4), pd.Timedelta(hours=24)
STORED = ("battery", "charger", "heat pump")


async def remember(home: Home, folder: Path) -> None:
    """Upload two weeks of history as files, and what is known ahead as messages."""
    hours = pd.date_range(NOW - pd.Timedelta(days=14), NOW, freq="h", inclusive="left")
    quarters = pd.date_range(hours[0], NOW, freq="15min", inclusive="left")
    sun = pd.Series((12 - abs(hours.hour - 12)) * 50.0, hours)
    for name, values in {
        "weather irradiation": sun,
        "home consumption": pd.Series(0.5, hours),
        "roof production": -(sun / 100).reindex(quarters, method="ffill"),
    }.items():
        file = folder / "values.csv"
        values.rename("event_value").rename_axis("event_start").to_csv(file)
        await send(home.client, home.sensors[name], file)
    prices = [0.3 + 0.1 * (hour // 6 % 2) for hour in range(48)]
    for name, ahead, unit in (
        ("market price", prices, "EUR/kWh"),
        ("home capacity", [17.0] * 48, "kW"),
        ("home peak price", [0.5] * 192, "EUR/kW"),
        ("home consumption", [0.5] * 192, "kW"),
    ):
        told = {"start": NOW.isoformat(), "duration": "P2D", "values": ahead, "unit": unit}
        await home.client.post_sensor_data(home.sensors[name], prior=(NOW - AHEAD).isoformat(), **told)


async def send(client: FlexMeasuresClient, sensor_id: int, file: Path) -> None:
    answer = await client.post_sensor_data(sensor_id, file_path=str(file), belief_time_measured_instantly=True)
    body, status = answer if isinstance(answer, tuple) else (answer, 200)
    if status == 202:
        await client.wait_for_job(body["job"])


async def foresee(home: Home) -> Any:
    """Forecast the sun's power in several cycles; return what the last one says."""
    made = await home.client.trigger_and_get_forecast(
        sensor_id=home.sensors["roof production"], start=NOW.isoformat(), end=(NOW + AHEAD).isoformat(),
        max_forecast_horizon="PT24H", forecast_frequency="PT4H", past_regressors=[home.sensors["weather irradiation"]],
        train_start=(NOW - pd.Timedelta(days=14)).isoformat(),
    )  # fmt: skip
    assert len(made["forecasts"]) == 6
    return await home.client.get_forecast(home.sensors["roof production"], made["forecasts"][-1])


def models(home: Home, soc: dict[str, float], start: pd.Timestamp) -> list[dict[str, Any]]:
    """Return what changes from plan to plan."""
    gone, back = start + pd.Timedelta(hours=8), start + pd.Timedelta(hours=12)
    away = [{"start": gone.isoformat(), "end": back.isoformat(), "value": "7.5 kW"}]
    ready = [
        {"datetime": gone.isoformat(), "value": "40 kWh"},
        {"start": gone.isoformat(), "duration": "PT1H", "value": 30},
    ]
    trip = {"soc-minima": ready, "soc-usage": [away], "consumption-capacity": [{**away[0], "value": "0 kW"}]}
    stores = [{"sensor": home.sensors[f"{name} power"], "soc-at-start": soc[name]} for name in STORED]
    stores[1] |= trip
    roof = {"power-capacity": "12 kW", "consumption-capacity": "0 kW"}
    return [*stores, {"sensor": home.sensors["roof power"], **roof, "production-capacity": "3 kW"}]


async def plan(home: Home, soc: dict[str, float], start: pd.Timestamp) -> dict[str, Any]:
    """Plan a day from some moment on; return every schedule by sensor."""
    job = await home.client.trigger_schedule(
        start=start.isoformat(), duration="PT24H", prior=start.isoformat(), asset_id=home.assets["home"],
        flex_model=models(home, soc, start),
    )  # fmt: skip
    names = [*(f"{name} power" for name in STORED), "roof power", "home aggregate", *(f"{name} soc" for name in STORED)]
    return {
        name: await home.client.get_schedule(home.sensors[name], job, duration="PT24H") for name in names
    }  # fmt: skip


async def measure(home: Home, found: dict[str, Any], start: pd.Timestamp) -> dict[str, float]:
    """Report the first hours of a plan as done; return how full the stores are then."""
    for name in (*(f"{name} power" for name in STORED), "roof power"):
        values = found[name]["values"][: STEP // pd.Timedelta(minutes=15)]
        end = (start + STEP).isoformat()
        await home.client.post_sensor_data(
            home.sensors[name], start=start.isoformat(), duration="PT4H", values=values, unit="kW", prior=end
        )  # fmt: skip
    return {name: found[f"{name} soc"]["values"][16] for name in STORED}


async def report(home: Home) -> Any:
    """Sum up what the stores took; return the values."""
    sensors = [{"name": name, "sensor": home.sensors[f"{name} power"]} for name in STORED]
    for each in sensors:
        each["exclude_source_types"] = ["scheduler", "forecaster"]
    told = {"input": sensors, "output": [{"sensor": home.sensors["home self-use"]}], "belief_horizon": "PT0H"}
    told |= {"start": NOW.isoformat(), "end": (NOW + 2 * STEP).isoformat(), "check_output_resolution": False}
    config = {"method": "sum", "weights": dict.fromkeys(STORED, 1.0)}
    job = await home.client.trigger_and_await_report(home.assets["home"], "AggregatorReporter", told, config)
    assert job["status"] == "FINISHED"
    found = await home.client.get_sensor_data(
        home.sensors["home self-use"], start=NOW.isoformat(), duration="PT8H", unit="kW", resolution="PT15M"
    )
    return found["values"]


def test_a_home_is_set_up_foreseen_planned_twice_and_reported(use: Use, ids: dict[str, int], tmp_path: Path) -> None:
    async def story(client: FlexMeasuresClient) -> None:
        await client.ensure_minimum_server_version("1.0.0.dev0")
        home = await set_up(client, ids["a:Mill"])
        await remember(home, tmp_path)
        foreseen = await foresee(home)
        assert len(foreseen["values"]) == 96 and min(foreseen["values"]) == -6.0
        soc, summed = {"battery": 5.0, "charger": 20.0, "heat pump": 10.0}, []
        for start in (NOW, NOW + STEP):
            found = await plan(home, soc, start)
            for name, schedule in found.items():
                assert schedule["scheduler_info"]["scheduler"] == "StorageScheduler"
                assert len(schedule["values"]) == (97 if name.endswith("soc") else 96), name
            assert min(found["charger power"]["values"]) >= 0 and max(found["roof power"]["values"]) <= 0
            assert found["charger soc"]["values"][32] >= 40 - 1e-6
            summed += [sum(found[f"{name} power"]["values"][at] for name in STORED) for at in range(16)]
            soc = await measure(home, found, start)
        assert [round(value, 3) for value in await report(home)] == [round(value, 3) for value in summed]
        await client.delete_asset(home.assets["community"], confirm_first=False)

    use(story)
