"""The published flexmeasures-client against this server: what people use today works unchanged."""

import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flexmeasures_client import FlexMeasuresClient

from tests.http.serving import PASSWORD, Api, alone, email

T = TypeVar("T")
START, HOUR = "2026-05-01T00:00:00+02:00", "PT1H"


@pytest.fixture
def use(api: Api) -> Callable[[Callable[[FlexMeasuresClient], Awaitable[T]]], T]:
    """Runs something with a client of the mill's account-admin."""

    def run(does: Callable[[FlexMeasuresClient], Awaitable[T]]) -> T:
        async def go() -> T:
            client = FlexMeasuresClient(host=api.url.removeprefix("http://"), email=email("boss"), password=PASSWORD)
            client.job_polling_interval = 0.1
            try:
                return await does(client)
            finally:
                await client.close()

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return alone(go())

    return run


Use = Callable[[Callable[[FlexMeasuresClient], Awaitable[Any]]], Any]


def test_who_am_i(use: Use, ids: dict[str, int]) -> None:
    assert use(lambda client: client.get_user())["email"] == email("boss")
    assert use(lambda client: client.get_account())["id"] == ids["a:Mill"]
    assert use(lambda client: client.get_versions())["server_version"] == "1.1.0"
    assert [kind["id"] for kind in use(lambda client: client.get_asset_types())][:8] == list(range(1, 9))


def test_assets_are_found_added_changed_and_deleted(use: Use, ids: dict[str, int]) -> None:
    async def go(client: FlexMeasuresClient) -> None:
        added = await client.add_asset(
            name="boat", account_id=ids["a:Mill"], latitude=0, longitude=4.9, generic_asset_type_id=5,
            parent_asset_id=ids["site"], attributes={"colour": "blue"}, flex_model={"soc-max": "12 kWh"},
            flex_context={"site-power-capacity": "20 kVA"}, sensors_to_show=[],
        )  # fmt: skip
        below = await client.get_assets(root=ids["site"], fields=["id", "name"])
        assert {asset["name"] for asset in below} >= {"site", "battery", "boat"}
        tops = await client.get_assets(account_id=ids["a:Mill"], depth=0, parse_json_fields=True)
        sensors = {asset["name"]: asset["sensors"] for asset in tops}  # of other tests too
        assert sensors["site"][0]["name"] == "load" and not {"battery", "boat"} & sensors.keys()
        await client.update_asset(added["id"], {"name": "barge", "attributes": {"colour": "red"}, "latitude": 1.5})
        found = await client.get_asset(added["id"], parse_json_fields=True)
        assert (found["name"], found["attributes"], found["latitude"]) == ("barge", {"colour": "red"}, 1.5)
        assert found["flex_model"] == {"soc-max": "12 kWh"}
        await client.delete_asset(added["id"], confirm_first=False)

    use(go)


def test_sensors_values_and_their_deletion(use: Use, ids: dict[str, int]) -> None:
    async def go(client: FlexMeasuresClient) -> None:
        sensor = await client.add_sensor(
            name="meter", event_resolution="PT15M", unit="kW", generic_asset_id=ids["battery"], attributes={"a": 1}
        )
        key = sensor["id"]
        assert key in {one["id"] for one in await client.get_sensors(asset_id=ids["battery"])}
        await client.update_sensor(key, {"name": "main meter", "attributes": {"a": 2}})
        assert (await client.get_sensor(key, parse_json_fields=True))["attributes"] == {"a": 2}
        await client.post_sensor_data(key, start=START, duration=HOUR, values=[1, 2, 3, 4], unit="kW")
        await client.post_measurements(key, start=START, duration="PT15M", values=[9], unit="kW")
        data = await client.get_sensor_data(key, start=START, duration=HOUR, unit="W", resolution="PT30M")
        assert data["values"] == [5500, 3500]
        await client.delete_sensor_data(key, start=START, confirm_first=False)
        data = await client.get_sensor_data(key, start=START, duration=HOUR, unit="kW", resolution="PT15M")
        assert data["values"] == [None] * 4
        await client.delete_sensor(key, confirm_first=False)

    use(go)


def test_a_file_is_uploaded(use: Use, api: Api, ids: dict[str, int], tmp_path: Path) -> None:
    file = tmp_path / "load.csv"
    file.write_text("event_start,event_value\n2026-05-01T00:00:00+02:00,1.5\n2026-05-01T00:15:00+02:00,2.5\n")

    async def go(client: FlexMeasuresClient) -> Any:
        await client.post_sensor_data(
            ids["s:load"], file_path=str(file), belief_time_measured_instantly=True, unit="MW"
        )
        return await client.get_sensor_data(ids["s:load"], start=START, duration="PT30M", unit="kW", resolution="PT15M")

    assert use(go)["values"] == [1500, 2500]
    known = api.get(f"/sensors/{ids['s:load']}/data", params={"start": START, "duration": "PT30M", "prior": START})
    assert known.json()["values"] == [None, None]  # measured right after each event, so not known at its start


@pytest.mark.parametrize("by_asset", [True, False])
def test_a_schedule_is_asked_for_and_fetched(use: Use, api: Api, ids: dict[str, int], by_asset: bool) -> None:
    prices = {"start": START, "duration": "P1D", "values": [50, 10, 90] * 8, "unit": "EUR/MWh"}
    api.post(f"/sensors/{ids['s:price']}/data", who="root", json=prices)
    battery = {"sensor": ids["s:power"], "state-of-charge": {"sensor": ids["s:soc"]}} if by_asset else {}
    place = {"asset_id": ids["battery"]} if by_asset else {"sensor_id": ids["s:power"]}

    async def go(client: FlexMeasuresClient) -> Any:
        model = client.create_storage_flex_model(
            soc_unit="kWh", soc_at_start=2, soc_max=10, soc_min=0, soc_targets=[], roundtrip_efficiency=0.9
        )
        model |= {"power-capacity": "5 kW", **battery}
        context = client.create_storage_flex_context(consumption_price_sensor=ids["s:price"])
        models = [model] if by_asset else model
        return await client.trigger_and_get_schedule(
            start=START, duration="PT12H", flex_model=models, flex_context=context, **place
        )

    plan = use(go)
    power = plan[0] if by_asset else plan
    assert len(power["values"]) == 48 and power["unit"] == "kW"


def test_a_job_is_followed_to_its_end(use: Use, ids: dict[str, int]) -> None:
    async def go(client: FlexMeasuresClient) -> Any:
        job = await client.trigger_schedule(
            start=START, duration="PT1H", asset_id=ids["battery"], prior="2026-04-30T12:00:00+02:00",
            flex_model=[{"sensor": ids["s:power"], "soc-at-start": 2, "soc-max": 10, "power-capacity": "5 kW"}],
            flex_context={"consumption-price": "0.2 EUR/kWh"},
        )  # fmt: skip
        await client.wait_for_job(job)
        return await client.get_job_status(job)

    assert use(go)["status"] == "FINISHED"


def test_refusals_arrive_as_the_client_expects_them(use: Use, ids: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="422"):
        use(
            lambda client: client.get_sensor_data(
                ids["s:load"], start=START, duration="PT1H", unit="EUR", resolution="PT15M"
            )
        )
    with pytest.raises(ConnectionError):
        use(lambda client: client.get_asset(99999))
    with pytest.raises(ValueError, match="403"):
        use(lambda client: client.get_asset(ids["foreign"]))


def test_forecasts_and_reports(use: Use, api: Api, ids: dict[str, int]) -> None:
    body = {
        "start": "2026-05-11T00:00:00+02:00",
        "duration": "P1D",
        "values": [3] * 24,
        "unit": "kW",
        "horizon": "PT0H",
    }
    assert api.post(f"/sensors/{ids['s:load']}/data", json=body).status_code == 200
    parameters = {"input": [{"sensor": ids["s:load"], "name": "load"}], "output": [{"sensor": ids["s:power"]}]}
    parameters |= {"start": "2026-05-11T00:00:00+02:00", "end": "2026-05-12T00:00:00+02:00"}

    async def go(client: FlexMeasuresClient) -> Any:
        forecast = await client.trigger_and_get_forecast(
            sensor_id=ids["s:load"], start="2026-05-12T00:00:00+02:00", duration="PT2H"
        )
        report = await client.trigger_and_await_report(ids["site"], "AggregatorReporter", parameters, {"method": "sum"})
        return forecast, report

    forecast, report = use(go)
    assert forecast["values"] == pytest.approx([3] * 8, rel=0.01)
    assert report["status"] == "FINISHED" and report["result"]["num-beliefs"] == 96
