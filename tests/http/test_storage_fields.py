"""Fields of storages over the API, from the request to the schedule, on both databases."""

from typing import Any

import numpy as np
import pytest

from tests.http.serving import Api

START = "2026-04-01T00:00:00+02:00"
TAPER = [{"soc": "4 kWh", "power": "4 kW"}, {"soc": "100%", "power": "1 kW"}]
INVERTER = [{"power": "1 kW", "efficiency": "60%"}, {"power": "4 kW", "efficiency": "90%"}]


def scheduled(api: Api, ids: dict[str, int], model: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Powers, energies and the result of a schedule of four hours."""
    own = {"sensor": ids["s:power"], "state-of-charge": {"sensor": ids["s:soc"]}, "soc-at-start": "2 kWh"}
    own |= {"soc-max": "8 kWh", "power-capacity": "4 kW", "production-capacity": "0 kW"}
    body = {"start": START, "duration": "PT4H", "resolution": "PT1H", "flex-model": [own | model]}
    body["flex-context"] = {"consumption-price": "0.2 EUR/kWh", **context}
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body)
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    result = api.ended(job).json()["result"]
    both = api.get(f"/assets/{ids['battery']}/schedules/{job}", params={"duration": "PT4H"}).json()
    values = {name: both["schedules"][str(ids[f"s:{name}"])]["values"] for name in ("power", "soc")}
    return {**values, "result": result}


def by(hour: int, energy: str) -> list[dict[str, str]]:
    return [{"value": energy, "datetime": f"2026-04-01T{hour:02d}:00:00+02:00"}]


def test_power_falls_with_the_state_of_charge(api: Api, ids: dict[str, int]) -> None:
    plan = scheduled(api, ids, {"charging-curve": TAPER, "soc-minima": by(4, "7 kWh")})
    soc = np.array(plan["soc"])
    assert soc[-1] == pytest.approx(7)
    assert (np.diff(soc) <= np.interp(soc[1:], [4, 8], [4, 1]) + 1e-6).all()


def test_an_inverter_loses_less_at_full_power(api: Api, ids: dict[str, int]) -> None:
    plan = scheduled(api, ids, {"charging-efficiency-curve": INVERTER, "soc-minima": by(4, "5.6 kWh")})
    assert plan["soc"][-1] == pytest.approx(5.6) and max(plan["power"]) == pytest.approx(4)
    assert sum(power > 0.001 for power in plan["power"][::4]) == 1


def test_standby_is_a_load_beside_the_planned_power(api: Api, ids: dict[str, int]) -> None:
    plan = scheduled(api, ids, {"standby-power": "50 W"})
    assert plan["result"]["commitment-costs"]["electricity net energy"] == pytest.approx(0.05 * 4 * 0.2)
    assert max(plan["power"]) == 0


@pytest.mark.parametrize(
    ("model", "way_out"),
    [
        ({"charging-curve": TAPER[::-1]}, "rising order"),
        ({"charging-curve": [{"soc": "4 kWh"}]}, "power"),
        ({"charging-curve": TAPER, "soc-max": None}, "soc-max"),
        ({"charging-efficiency-curve": INVERTER, "charging-efficiency": "90%"}, "not both"),
        ({"charging-efficiency-curve": [{"power": "1 kW", "efficiency": "0%"}]}, "share above 0"),
        ({"standby-power": "-1 kW"}, "below 0"),
    ],
)
def test_what_is_no_curve_is_refused_with_a_way_out(api: Api, ids: dict[str, int], model: Any, way_out: str) -> None:
    own = {"sensor": ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "8 kWh", "power-capacity": "4 kW", **model}
    own = {name: value for name, value in own.items() if value is not None}
    body = {"start": START, "duration": "PT4H", "flex-model": [own]}
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body)
    assert answer.status_code == 422 and way_out in answer.text


def shortfalls(api: Api, ids: dict[str, int], *more: dict[str, Any]) -> list[float]:
    """What each of two cars lacks of 10 and 6 kWh behind 4 kW, as the job tells it."""
    models = [
        {"sensor": ids[name], "soc-at-start": "0 kWh", "soc-max": "20 kWh", "power-capacity": "4 kW",
         "production-capacity": "0 kW", "soc-targets": by(2, need), **own}
        for name, need, own in zip(("s:power", "s:load"), ("10 kWh", "6 kWh"), more, strict=True)
    ]  # fmt: skip
    context = {"consumption-price": "0.2 EUR/kWh", "site-power-capacity": "4 kW"}
    body = {"start": START, "duration": "PT4H", "resolution": "PT1H", "flex-model": models, "flex-context": context}
    answer = api.post(f"/assets/{ids['site']}/schedules/trigger", who="root", json=body)
    assert answer.status_code == 202, answer.text
    unresolved = api.ended(answer.json()["job"]).json()["result"]["unresolved"]
    told = {each["device"]: float(each["soc-targets"][0]["violation"].split()[0]) for each in unresolved}
    return sorted(told.values(), reverse=True)


def test_two_cars_share_what_they_lack_unless_one_comes_first(api: Api, ids: dict[str, int]) -> None:
    shared = {"fair-share": "park"}
    assert shortfalls(api, ids, shared, shared) == pytest.approx([4, 4], abs=0.05)
    assert shortfalls(api, ids, {}, {"priority": 1}) == pytest.approx([8])
    dear = {"soc-minima-breach-price": "5000 EUR/kWh"}
    assert shortfalls(api, ids, dear, {}) == pytest.approx([6, 2])


def test_a_priority_that_is_no_number_is_refused(api: Api, ids: dict[str, int]) -> None:
    body = {"start": START, "duration": "PT4H", "flex-model": [{"sensor": ids["s:power"], "priority": "first"}]}
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body)
    assert answer.status_code == 422 and "priority" in answer.text


def test_a_battery_keeps_away_from_the_grid_where_it_may_not_use_it(api: Api, ids: dict[str, int]) -> None:
    two_way = {"production-capacity": "4 kW"}
    hours = [("0.05 EUR/kWh", 0), ("0.50 EUR/kWh", 2)]
    prices = [{"value": price, "start": f"2026-04-01T{at:02d}:00:00+02:00", "duration": "PT2H"} for price, at in hours]
    free = scheduled(api, ids, two_way, **{"consumption-price": prices})
    assert max(free["power"]) > 1 and min(free["power"]) < -1
    kept = scheduled(api, ids, two_way | {"charging-from-grid": False}, **{"consumption-price": prices})
    assert max(kept["power"]) <= 1e-6 and min(kept["power"]) < -0.4
    used = scheduled(api, ids, two_way | {"discharging-to-grid": False}, **{"consumption-price": prices})
    assert min(used["power"]) >= -1e-6  # nothing consumes beside it
