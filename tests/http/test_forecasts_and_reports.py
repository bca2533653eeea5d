"""Forecasts and reports over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.http.serving import Api

DAY = "2026-06-01T00:00:00+02:00"
NEXT = "2026-06-02T00:00:00+02:00"
AT_ONCE = {"horizon": "PT0H"}
SHAPE = [float(hour) for hour in range(24)]


def sensor(api: Api, ids: dict[str, int], unit: str, resolution: str = "PT1H", **attributes: Any) -> int:
    body = {"name": f"{unit} {resolution}", "unit": unit, "event_resolution": resolution, "attributes": attributes}
    body |= {"timezone": "Europe/Amsterdam"}
    return int(api.post("/sensors", json=body | {"generic_asset_id": ids["site"]}).json()["id"])


def put(api: Api, key: int, values: list[float], unit: str, start: str = DAY, duration: str = "P1D") -> None:
    body = {"start": start, "duration": duration, "values": values, "unit": unit, **AT_ONCE}
    assert api.post(f"/sensors/{key}/data", json=body).status_code == 200


def values(api: Api, key: int, start: str = DAY, duration: str = "P1D", **more: str) -> list[float | None]:
    found = api.get(f"/sensors/{key}/data", params={"start": start, "duration": duration, **more})
    return list(found.json()["values"])


def test_a_forecast_repeats_the_day_before(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    put(api, key, SHAPE, "kW")
    answer = api.post(f"/sensors/{key}/forecasts/trigger", json={"start": NEXT, "duration": "P1D", "prior": NEXT})
    assert (answer.status_code, answer.json()["forecast"]) == (202, answer.json()["job"])
    forecast = api.get(f"/sensors/{key}/forecasts/{answer.json()['job']}").json()
    assert (forecast["values"], forecast["unit"]) == (SHAPE, "kW")
    assert values(api, key, NEXT, **{"source-type": "forecaster"}) == SHAPE


def test_each_cycle_knows_only_what_was_known_when_it_began(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    put(api, key, [1.0] * 24, "kW")
    put(api, key, [2.0] * 24, "kW", NEXT)
    body = {
        "start": NEXT,
        "end": "2026-06-04T00:00:00+02:00",
        "max-forecast-horizon": "PT6H",
        "forecast-frequency": "P1D",
        "config": {"forecaster": "SeasonalNaive"},
    }
    job = api.post(f"/sensors/{key}/forecasts/trigger", json=body).json()["job"]
    ids_of_cycles = api.get(f"/sensors/{key}/forecasts/{job}").json()["forecasts"]
    found = [api.get(f"/sensors/{key}/forecasts/{one}").json()["values"] for one in ids_of_cycles]
    assert found == [[1.0] * 6, [2.0] * 6]


def foreseen(api: Api, key: int, **request: Any) -> dict[str, Any]:
    """The result of a forecast job that ended well."""
    answer = api.post(
        f"/sensors/{key}/forecasts/trigger", json={"start": NEXT, "duration": "P1D", "prior": NEXT} | request
    )
    assert answer.status_code == 202, answer.text
    job = api.ended(answer.json()["job"]).json()
    assert job["status"] == "FINISHED", job
    return dict(job["result"])


def test_another_forecast_from_now_takes_the_place_of_one_a_moment_before(api: Api, ids: dict[str, int]) -> None:
    key, now = sensor(api, ids, "kW"), datetime.now(UTC)
    begin = (now - timedelta(days=5)).replace(minute=0, second=0, microsecond=0)
    put(api, key, [float(hour % 24 + hour // 24) for hour in range(120)], "kW", begin.isoformat(), "P5D")
    request: dict[str, Any] = {"duration": "PT6H"}
    for forecaster in ("SeasonalNaive", "AdaptiveForecaster"):
        job = api.post(f"/sensors/{key}/forecasts/trigger", json=request | {"config": {"forecaster": forecaster}})
        ended = api.ended(job.json()["job"]).json()
        assert ended["status"] == "FINISHED", ended
    lower = api.post(f"/sensors/{key}/forecasts/trigger", json=request | {"config": {"upper": 3.0}}).json()["job"]
    assert api.ended(lower).json()["status"] == "FINISHED"
    ahead = {"start": now.replace(minute=0, second=0, microsecond=0).isoformat(), "duration": "PT6H"}
    found = api.get(f"/sensors/{key}/data", params=ahead | {"source-type": "forecaster"}).json()["values"]
    assert max(value for value in found if value is not None) <= 3.0


def test_a_sensor_does_not_explain_itself(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    put(api, key, SHAPE, "kW")
    body = {"start": NEXT, "duration": "P1D", "prior": NEXT, "config": {"regressors": [key]}}
    answer = api.post(f"/sensors/{key}/forecasts/trigger", json=body)
    assert answer.status_code == 422 and "cannot explain itself" in answer.text


def test_quantiles_weather_and_bounds_of_a_forecast(api: Api, ids: dict[str, int]) -> None:
    load, weather = sensor(api, ids, "kW"), sensor(api, ids, "°C")
    warm = [10.0 + (7 * day + hour) % 11 for day in range(31) for hour in range(24)]
    put(api, load, [30.0 - value for value in warm[:-24]], "kW", "2026-05-03T00:00:00+02:00", "P30D")
    body = {"start": "2026-05-03T00:00:00+02:00", "duration": "P31D", "values": warm, "unit": "°C"}
    # What the weather will be is foreseen a day and more before.
    assert api.post(f"/sensors/{weather}/data", json=body | {"horizon": "PT24H"}).status_code == 200
    request = {"probabilistic": True, "config": {"future-regressors": [weather], "lower": 10.5}}
    result = foreseen(api, load, **request)
    assert result["num-beliefs"] == 24 and 0.0 < result["relative-mae"] < 0.7
    expected = [max(30.0 - value, 10.5) for value in warm[-24:]]
    assert values(api, load, NEXT, **{"source-type": "forecaster"}) == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize(("config", "field"), [
    ({"train-period": "PT1H"}, "train-period"),
    ({"train-period": "soon"}, "train-period"),
    ({"regressors": ["x"]}, "regressors"),
    ({"regressors": [987654]}, "regressors"),
    ({"regresors": []}, "regresors"),
    ({"forecaster": "SeasonalNaiv"}, "SeasonalNaive"),
    ({"missing-threshold": 2}, "missing-threshold"),
    ({"lower": "x"}, "lower"),
])  # fmt: skip
def test_a_wrong_configuration_is_refused_with_its_field(
    api: Api, ids: dict[str, int], config: dict[str, Any], field: str
) -> None:
    answer = api.post(f"/sensors/{ids['s:load']}/forecasts/trigger", json={"start": NEXT, "config": config})
    assert answer.status_code == 422 and field in answer.text


def test_holidays_that_are_annotated_are_days_off(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    workdays = [[8.0] * 24 if day % 7 not in (0,) else [2.0] * 24 for day in range(56)]  # from a Sunday on
    for holiday in (11, 25, 39):
        workdays[holiday] = [2.0] * 24
    put(api, key, [value for day in workdays for value in day], "kW", "2026-04-05T00:00:00+02:00", "P56D")
    for day in ("2026-04-16", "2026-04-30", "2026-05-14", "2026-06-01"):
        body = {"content": "Holiday", "start": f"{day}T00:00:00+02:00", "end": f"{day}T23:59:59+02:00"}
        answer = api.post(
            f"/sensors/{key}/annotations", json=body | {"type": "holiday", "prior": "2026-01-01T00:00:00+01:00"}
        )
        assert answer.status_code in (200, 201), answer.text
    foreseen(api, key, start="2026-05-31T00:00:00+02:00", duration="P3D", prior="2026-05-31T00:00:00+02:00")
    found = values(api, key, "2026-06-01T00:00:00+02:00", "P2D", **{"source-type": "forecaster"})
    holiday, usual = found[6:18], found[30:42]
    assert max(map(float, filter(None, holiday))) < 4.0 < 6.5 < min(map(float, filter(None, usual)))


def test_a_forecast_from_nothing_fails_and_says_so(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    job = api.post(f"/sensors/{key}/forecasts/trigger", json={"start": NEXT, "duration": "P1D"}).json()["job"]
    answer = api.get(f"/sensors/{key}/forecasts/{job}")
    assert answer.status_code == 422 and "post measurements first" in answer.json()["message"]
    assert api.get(f"/sensors/{key}/forecasts/nothing").json()["status"] == "UNKNOWN_FORECAST"


def report(api: Api, ids: dict[str, int], reporter: str, inputs: Any, outputs: Any, config: Any, **span: str) -> None:
    parameters = {"input": inputs, "output": outputs, "start": DAY, "end": NEXT, "belief_horizon": "PT0H", **span}
    body = {"reporter": reporter, "parameters": parameters, "config": config}
    answer = api.post(f"/assets/{ids['site']}/reports/trigger", json=body)
    assert answer.status_code == 202, answer.text
    job = api.ended(answer.json()["job"])
    assert job.json()["status"] == "FINISHED", job.text


def test_an_aggregate_of_two_sensors(api: Api, ids: dict[str, int]) -> None:
    capacity, pv, headroom = (sensor(api, ids, unit) for unit in ("kW", "MW", "kW"))
    put(api, capacity, [500.0] * 24, "kW")
    put(api, pv, [0.1] * 24, "MW")
    inputs = [{"name": "grid", "sensor": capacity}, {"name": "PV", "sensor": pv}]
    report(api, ids, "AggregatorReporter", inputs, [{"sensor": headroom}], {"weights": {"grid": 1.0, "PV": -1.0}})
    assert values(api, headroom) == pytest.approx([400.0] * 24)


@pytest.mark.parametrize(("loss_is_positive", "sign"), [(True, 1), (False, -1)])
def test_what_a_process_costs(api: Api, ids: dict[str, int], loss_is_positive: bool, sign: int) -> None:
    # 2 kW at 100 EUR/MWh for 24 hours costs 24 x 0.20 EUR.
    flow = sensor(api, ids, "kW", consumption_is_positive=True)
    price, hourly, daily = (sensor(api, ids, *kind) for kind in (("EUR/MWh",), ("EUR",), ("EUR", "P1D")))
    api.patch(f"/sensors/{daily}", json={"timezone": "Europe/Amsterdam"})
    put(api, flow, [2.0] * 24, "kW")
    put(api, price, [100.0] * 24, "EUR/MWh")
    config = {"consumption_price_sensor": price, "loss_is_positive": loss_is_positive}
    report(api, ids, "ProfitOrLossReporter", [{"sensor": flow}], [{"sensor": hourly}, {"sensor": daily}], config)
    assert values(api, hourly) == pytest.approx([sign * 0.2] * 24)
    assert values(api, daily) == pytest.approx([sign * 4.8])


@pytest.mark.parametrize("start, end, hours", [
    ("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", [24, 23, 24]),
    ("2026-10-24T00:00:00+02:00", "2026-10-27T00:00:00+01:00", [24, 25, 24]),
])  # fmt: skip
def test_a_day_is_priced_for_as_long_as_it_lasts(
    api: Api, ids: dict[str, int], start: str, end: str, hours: list[int]
) -> None:
    # 1 kW all day, measured as the energy of each day, at 100 EUR/MWh.
    flow = sensor(api, ids, "kWh", "P1D", consumption_is_positive=True)
    power, price = sensor(api, ids, "kW", "P1D", consumption_is_positive=True), sensor(api, ids, "EUR/MWh", "P1D")
    outputs = [sensor(api, ids, "EUR", "P1D") for _ in range(2)]
    put(api, flow, [float(each) for each in hours], "kWh", start, "P3D")
    put(api, power, [1.0] * 3, "kW", start, "P3D")
    put(api, price, [100.0] * 3, "EUR/MWh", start, "P3D")
    config = {"consumption_price_sensor": price, "loss_is_positive": True}
    for measured, out in zip((flow, power), outputs, strict=True):
        report(
            api, ids, "ProfitOrLossReporter", [{"sensor": measured}], [{"sensor": out}], config, start=start, end=end
        )
        assert values(api, out, start, "P3D") == pytest.approx([each * 0.1 for each in hours])


def test_a_chain_of_pandas_methods(api: Api, ids: dict[str, int]) -> None:
    one, two, out = (sensor(api, ids, "kW") for _ in range(3))
    put(api, one, SHAPE, "kW")
    put(api, two, [10.0] * 24, "kW")
    steps = [
        {"df_input": "a", "method": "subtract", "args": ["@b"], "df_output": "c"},
        {"method": "clip", "kwargs": {"lower": 0}},
    ]
    inputs = [{"name": "a", "sensor": one}, {"name": "b", "sensor": two}]
    report(api, ids, "PandasReporter", inputs, [{"name": "c", "sensor": out}], {"transformations": steps})
    assert values(api, out) == [max(value - 10, 0) for value in SHAPE]


@pytest.mark.parametrize("reporter", ["AggregatorReporter", "PandasReporter"])
@pytest.mark.parametrize(
    "step, expected", [("PT2H", [4.0 * pair + 1 for pair in range(12)]), ("PT30M", [half / 2 for half in SHAPE])]
)
def test_reports_keep_energies(api: Api, ids: dict[str, int], reporter: str, step: str, expected: list[float]) -> None:
    load, energy = sensor(api, ids, "kW"), sensor(api, ids, "kWh", step)
    put(api, load, SHAPE, "kW")
    config = {"required_input": [{"name": "load", "unit": "kWh"}]} if reporter == "PandasReporter" else {}
    report(api, ids, reporter, [{"name": "load", "sensor": load}], [{"name": "load", "sensor": energy}], config)
    assert values(api, energy)[:: 2 if step == "PT30M" else 1] == expected
    assert sum(values(api, energy)) == pytest.approx(sum(SHAPE))


def test_all_sensors_of_a_name_below_an_asset_are_one_input(api: Api, ids: dict[str, int]) -> None:
    charger, total = {}, sensor(api, ids, "kW")
    for name in ("one", "two"):
        body = {"name": f"charger {name}", "generic_asset_type_id": 1, "parent_asset_id": ids["site"]}
        asset = api.post("/assets", json=body | {"account_id": ids["a:Mill"]} if "a:Mill" in ids else body).json()["id"]
        body = {"name": "charging", "unit": "kW", "event_resolution": "PT1H", "generic_asset_id": asset}
        charger[name] = int(api.post("/sensors", json=body | {"timezone": "Europe/Amsterdam"}).json()["id"])
        put(api, charger[name], SHAPE, "kW")
    every = {"asset": ids["site"], "sensor_name": "charging"}
    report(api, ids, "AggregatorReporter", [every], [{"sensor": total}], {})
    assert values(api, total) == [2 * value for value in SHAPE]


def test_a_bill_by_its_parts_over_a_month_of_a_clock_change(api: Api, ids: dict[str, int]) -> None:
    # March 2026 has 743 hours in Amsterdam: 2 kW at 100 EUR/MWh, 4 EUR/kW, a standing charge of 31 EUR, 10 % VAT
    start, end = "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"
    flow, price = sensor(api, ids, "kW", consumption_is_positive=True), sensor(api, ids, "EUR/MWh")
    names = ("energy", "capacity", "fixed", "taxes", "total")
    outputs = {name: sensor(api, ids, "EUR", "P1D") for name in names}
    put(api, flow, [2.0] * 743, "kW", start, "PT743H")
    put(api, price, [100.0] * 743, "EUR/MWh", start, "PT743H")
    config = {"consumption_price_sensor": price, "vat": 0.1, "fixed_per_month": 31, "capacity_tariff": {"price": 4}}
    told = [{"name": name, "sensor": key} for name, key in outputs.items()]
    report(api, ids, "EnergyBillReporter", [{"sensor": flow}], told, config, start=start, end=end)
    sums = {name: sum(map(float, filter(None, values(api, key, start, "P31D")))) for name, key in outputs.items()}
    expected = {"energy": 148.6, "capacity": 8.0, "fixed": 31.0, "taxes": 18.76, "total": 206.36}
    assert sums == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reporter": "PandaReporter"}, "PandasReporter"),
        ({"parameters": {"input": [], "output": [], "start": DAY, "end": NEXT}}, "input"),
    ],
)
def test_bad_reports_are_refused(api: Api, ids: dict[str, int], change: dict[str, Any], said: str) -> None:
    key = ids["s:load"]
    parameters = {"input": [{"sensor": key}], "output": [{"sensor": key}], "start": DAY, "end": NEXT}
    body = {"reporter": "PandasReporter", "parameters": parameters, "config": {}} | change
    answer = api.post(f"/assets/{ids['site']}/reports/trigger", json=body)
    assert answer.status_code == 422 and said in str(answer.json()["message"])


def test_a_chain_cannot_call_what_is_not_listed(api: Api, ids: dict[str, int]) -> None:
    key = ids["s:load"]
    parameters = {"input": [{"sensor": key}], "output": [{"sensor": key}], "start": DAY, "end": NEXT}
    config = {"transformations": [{"method": "to_csv", "args": ["/tmp/report"]}]}
    body = {"reporter": "PandasReporter", "parameters": parameters, "config": config}
    answer = api.post(f"/assets/{ids['site']}/reports/trigger", json=body)
    assert answer.status_code == 422 and "to_csv" in answer.text


def test_forecasts_are_compared_with_what_came(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    put(api, key, SHAPE, "kW")
    put(api, key, [hour + 2.0 for hour in SHAPE], "kW", NEXT)
    body = {"start": NEXT, "duration": "P1D", "prior": NEXT, "config": {"forecaster": "SeasonalNaive"}}
    job = api.post(f"/sensors/{key}/forecasts/trigger", json=body).json()["job"]
    assert api.ended(job).json()["status"] == "FINISHED"
    wanted = {"start": NEXT, "duration": "P1D", "horizons": "PT1H,PT6H"}
    answer = api.get(f"/sensors/{key}/forecasts/accuracy", params=wanted)
    assert answer.status_code == 200, answer.text
    near, far = answer.json()["sources"]
    # Each event is known an hour later than it begins, so that the first five were not foreseen six hours before.
    assert [(each["horizon"], each["events"]) for each in (near, far)] == [("PT1H", 24), ("PT6H", 19)]
    assert (near["mae"], near["rmse"], near["bias"], near["mase"]) == (2.0, 2.0, -2.0, 1.0)
    assert near["accuracy"] == pytest.approx(1.0 - 48.0 / sum(hour + 2.0 for hour in SHAPE))
    assert near["mae-by-hour"] == [2.0] * 24 and far["mae-by-hour"][:5] == [None] * 5
    assert near["coverage"] is None and answer.json()["unit"] == "kW"


@pytest.mark.parametrize(("asked", "field"), [
    ({"start": NEXT, "duration": "P2Y"}, "end"),
    ({"start": NEXT, "end": DAY}, "end"),
    ({"start": DAY, "end": NEXT, "duration": "P1D"}, "duration"),
    ({"horizons": "PT1H,soon"}, "horizons"),
    ({"horizons": ",".join(f"PT{hour}H" for hour in range(9))}, "horizons"),
    ({"horizons": "P40D"}, "horizons"),
])  # fmt: skip
def test_a_comparison_has_bounds(api: Api, ids: dict[str, int], asked: dict[str, str], field: str) -> None:
    answer = api.get(f"/sensors/{sensor(api, ids, 'kW')}/forecasts/accuracy", params=asked)
    assert answer.status_code == 422 and field in answer.text


def test_scenarios_hang_together_as_past_errors_did(api: Api, ids: dict[str, int]) -> None:
    key = sensor(api, ids, "kW")
    # Each day is higher or lower as a whole: who is wrong in the morning is wrong in the evening.
    levels = (0.0, 9.0, 3.0, 14.0, 5.0, 1.0, 12.0, 4.0, 10.0, 2.0, 7.0, 6.0)
    put(api, key, [level + hour % 3 for level in levels for hour in range(24)], "kW", duration="P12D")
    cycles = {"start": "2026-06-03T00:00:00+02:00", "end": "2026-06-13T00:00:00+02:00", "forecast-frequency": "P1D"}
    body = cycles | {"max-forecast-horizon": "P1D", "probabilistic": True, "config": {"forecaster": "SeasonalNaive"}}
    job = api.post(f"/sensors/{key}/forecasts/trigger", json=body).json()["job"]
    assert api.ended(job).json()["status"] == "FINISHED"
    asked = {"start": "2026-06-12T00:00:00+02:00", "duration": "P1D", "count": 200}
    answer = api.get(f"/sensors/{key}/forecasts/scenarios", params=asked)
    assert answer.status_code == 200, answer.text
    drawn = np.array(answer.json()["scenarios"])
    assert drawn.shape == (200, 24) and answer.json()["resolution"] == "PT1H"
    assert np.corrcoef(drawn[:, 15], drawn[:, 18])[0, 1] > 0.6
    again = api.get(f"/sensors/{key}/forecasts/scenarios", params=asked).json()
    other = api.get(f"/sensors/{key}/forecasts/scenarios", params=asked | {"seed": 1}).json()
    assert again == answer.json() and other["scenarios"] != again["scenarios"]


@pytest.mark.parametrize(("asked", "words"), [
    ({"count": 501}, "count"),
    ({"duration": "P29D"}, "duration"),
    ({"duration": "PT10M"}, "duration"),
    ({"start": DAY}, "request a probabilistic forecast"),
])  # fmt: skip
def test_scenarios_have_bounds(api: Api, ids: dict[str, int], asked: dict[str, Any], words: str) -> None:
    answer = api.get(f"/sensors/{sensor(api, ids, 'kW')}/forecasts/scenarios", params=asked)
    assert answer.status_code == 422 and words in answer.text
