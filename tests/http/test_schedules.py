"""Schedules over the API: ask, fetch, share, refuse."""

from typing import Any

import pytest

from tests.http.serving import Api

START = "2026-04-01T00:00:00+02:00"
PRICES = [50] * 8 + [10] * 8 + [90] * 8  # cheap in the middle of the day, dear in the evening


@pytest.fixture(scope="module")
def prices(api: Api, ids: dict[str, int]) -> int:
    body = {
        "start": START,
        "duration": "P1D",
        "values": PRICES,
        "unit": "EUR/MWh",
        "prior": "2026-03-31T13:00:00+02:00",
    }
    assert api.post(f"/sensors/{ids['s:price']}/data", who="root", json=body).status_code == 200
    return ids["s:price"]


def trigger(ids: dict[str, int], prices: int, **more: Any) -> dict[str, Any]:
    model = {"sensor": ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    model |= {"state-of-charge": {"sensor": ids["s:soc"]}, "roundtrip-efficiency": "90%"}
    context = {"consumption-price": {"sensor": prices}, "site-power-capacity": "20 kVA"}
    return {"start": START, "duration": "P1D", "flex-model": [model], "flex-context": context, **more}


def test_a_battery_charges_when_it_is_cheap(api: Api, ids: dict[str, int], prices: int) -> None:
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices))
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert (answer.json()["schedule"], answer.json()["status"]) == (job, "ACCEPTED")
    plan = api.get(f"/sensors/{ids['s:power']}/schedules/{job}", params={"duration": "P1D"})
    assert plan.status_code == 200  # at the first request: it is held until the plan is there
    power = plan.json()["values"]
    assert len(power) == 96 and sum(power[32:64]) > 0 > sum(power[64:])  # consumption is positive
    assert plan.json()["scheduler_info"]["scheduler"] == "StorageScheduler"


def test_one_job_serves_every_sensor_of_the_plan(api: Api, ids: dict[str, int], prices: int) -> None:
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices)).json()["job"]
    soc = api.get(f"/sensors/{ids['s:soc']}/schedules/{job}", params={"duration": "P1D"}).json()
    assert (len(soc["values"]), soc["values"][0], soc["unit"]) == (97, 2, "kWh")
    both = api.get(f"/assets/{ids['battery']}/schedules/{job}", params={"duration": "P1D"}).json()["schedules"]
    assert both[str(ids["s:soc"])]["values"] == soc["values"]
    other = api.get(f"/sensors/{ids['s:load']}/schedules/{job}")
    assert (other.status_code, other.json()["status"]) == (400, "UNKNOWN_SCHEDULE")


@pytest.mark.parametrize(("convention", "sign"), [("production-positive", -1), ("wysiwyg", -1)])
def test_sign_conventions(api: Api, ids: dict[str, int], prices: int, convention: str, sign: int) -> None:
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices)).json()["job"]
    path = f"/sensors/{ids['s:power']}/schedules/{job}"
    usual = api.get(path, params={"unit": "MW"}).json()["values"]
    other = api.get(path, params={"sign-convention": convention}).json()["values"]
    assert len(usual) == 24  # six hours where no duration is asked for
    assert other == pytest.approx([sign * 1000 * value for value in usual])


def test_use_that_is_not_met_is_told_by_preview_and_job(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices, duration="PT4H")
    body["flex-model"][0] |= {"soc-usage": "6 kW", "production-capacity": "0 kW", "roundtrip-efficiency": "100%"}
    preview = api.post(f"/assets/{ids['battery']}/schedules/preview", json=body).json()
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]
    result = api.ended(job).json()["result"]
    assert preview["unresolved"] == result["unresolved"]
    (device,) = result["unresolved"]
    assert [each["violation"] for each in device["soc-usage"]] == ["1.0 kW"] * 8
    assert any("2 kWh of soc-usage are not met" in warning for warning in result["warnings"])
    assert preview["warnings"] == result["warnings"]


def test_a_dishwasher_is_left_out_where_it_is_too_dear(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices)
    profile = {"power-profile": ["2 kW", "0.1 kW", "1.5 kW"], "profile-resolution": "PT10M"}
    body["flex-model"] = [
        {"sensor": ids["s:power"], "process-type": "SHIFTABLE", **profile, "runs": 2, "pause": "PT1H"}
    ]
    first = api.ended(api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]).json()
    assert first["result"]["commitment-costs"]["electricity net energy"] == pytest.approx(2 * 0.6 * 0.01)
    body["flex-model"][0]["price-ceiling"] = "0.009 EUR/kWh"
    dear = api.ended(api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]).json()
    assert dear["result"]["commitment-costs"]["electricity net energy"] == pytest.approx(0.0)
    assert any("2 of 2 runs are left out" in warning for warning in dear["result"]["warnings"])


def test_what_a_schedule_emits_is_told_by_preview_and_job(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices)
    body["flex-context"] |= {"carbon-intensity": "400 gCO2/kWh", "carbon-price": "100 EUR/t"}
    preview = api.post(f"/assets/{ids['battery']}/schedules/preview", json=body).json()
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]
    result = api.ended(job).json()["result"]
    bought = sum(max(power, 0.0) for power in preview["power"]["values"]["electricity"]) / 4
    assert result["emissions-kg"] == preview["emissions-kg"] == {"electricity": pytest.approx(0.4 * bought)}
    assert result["commitment-costs"]["electricity carbon"] == pytest.approx(0.1 * 0.4 * bought)


def test_many_sites_are_planned_by_one_job(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices)
    site = {"asset": ids["battery"], **{name: body.pop(name) for name in ("flex-model", "flex-context")}}
    answer = api.post("/schedules/trigger", json=body | {"sites": [site, ids["site"]]})
    assert (answer.status_code, answer.json()["sites"]) == (202, [ids["battery"], ids["site"]])
    job = api.ended(answer.json()["job"]).json()
    assert job["message"] == "Fleet job finished. 1 of 2 sites are planned."
    row = api.get(f"/schedules/{job['result']['sites'][str(ids['battery'])]['schedule']}").json()
    assert (row["asset"], row["job"]) == (ids["battery"], job["id"])
    assert "has nothing to plan" in job["result"]["failed"][str(ids["site"])]
    plan = api.get(f"/sensors/{ids['s:power']}/schedules/{job['id']}", params={"duration": "P1D"}).json()
    every = api.get(f"/assets/{ids['battery']}/schedules/{job['id']}", params={"duration": "P1D"}).json()
    assert len(plan["values"]) == 96 and every["schedules"][str(ids["s:power"])]["values"] == plan["values"]


def test_the_job_tells_how_it_ended(api: Api, ids: dict[str, int], prices: int) -> None:
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices)).json()["job"]
    answer = api.ended(job)
    assert (answer.status_code, answer.json()["status"]) == (200, "FINISHED")
    assert answer.json()["result"]["unresolved"] == []
    listed = api.get(f"/assets/{ids['site']}/jobs").json()["jobs"]
    assert job in {entry["id"] for entry in listed}


def test_equal_requests_share_a_job_unless_forced(api: Api, ids: dict[str, int], prices: int) -> None:
    def ask(**more: Any) -> str:
        return str(
            api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices, **more)).json()["job"]
        )

    first = ask(duration="PT12H")
    assert ask(duration="PT12H") == first
    assert ask(duration="PT11H") != first
    assert ask(**{"duration": "PT12H", "force-new-job-creation": True}) != first


def test_the_sensor_endpoint_plans_its_device(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices, duration="PT6H")
    body["flex-model"] = {"soc-at-start": 2, "soc-unit": "kWh", "soc-max": 10, "power-capacity": "5 kW"}
    answer = api.post(f"/sensors/{ids['s:power']}/schedules/trigger", json=body)
    assert answer.status_code == 202
    assert api.get(f"/sensors/{ids['s:power']}/schedules/{answer.json()['schedule']}").status_code == 200


def test_a_plan_that_cannot_be_made_is_told_by_the_job(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices)
    body["flex-model"][0] |= {"soc-targets": [{"datetime": "2026-04-01T01:00:00+02:00", "value": "10 kWh"}]}
    body["flex-context"] |= {"relax-constraints": False}
    job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]
    answer = api.ended(job)
    assert (answer.status_code, answer.json()["status"]) == (422, "FAILED")
    for said in ("soc-targets asks for 10 kWh", "battery starts with 2 kWh", "Way out: either"):
        assert said in answer.json()["message"]
    assert answer.json()["exc-info"]
    assert api.get(f"/sensors/{ids['s:power']}/schedules/{job}").status_code == 400


def test_a_preview_saves_nothing(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices, start="2026-04-01T02:00:00+02:00", duration="PT3H")
    before = api.get(f"/assets/{ids['battery']}/jobs").json()
    answer = api.post(f"/assets/{ids['battery']}/schedules/preview", json=body)
    assert answer.status_code == 200 and len(answer.json()["power"]["values"]["battery"]) == 12
    assert api.get(f"/assets/{ids['battery']}/jobs").json() == before


def test_a_preview_tells_what_is_paid_for_and_what_cannot_be_kept(api: Api, ids: dict[str, int], prices: int) -> None:
    # By 00:50 at most 50 minutes of 5 kW can be charged; 8 kWh are asked for.
    body = trigger(ids, prices, duration="PT2H")
    body["flex-model"][0] |= {
        "roundtrip-efficiency": "100%",
        "soc-targets": [{"datetime": "2026-04-01T00:50:00+02:00", "value": "10 kWh"}],
        "wear-price": "0.01 EUR/kWh",
        "end-value": "0.05 EUR/kWh",
        "ramp-limit": "100 kW/h",
    }
    told = api.post(f"/assets/{ids['battery']}/schedules/preview", json=body).json()
    assert told["unresolved"] == [
        {"device": "battery", "asset": ids["battery"],
         "soc-targets": [{"datetime": "2026-03-31T22:50:00+00:00", "violation": f"{8 - 5 * 50 / 60:.6f} kWh"}]}
    ]  # fmt: skip
    assert told["costs"]["battery wear"] == pytest.approx(0.01 * sum(map(abs, told["power"]["values"]["battery"])) / 4)
    assert told["costs"]["battery end value"] == pytest.approx(-0.05 * told["soc"]["values"]["battery"][-1])
    assert told["status"] == "optimal"
    assert len(told["prices"]["values"]["electricity"]) == len(told["worth"]["values"]["battery"]) == 8
    assert told["binding-limits"][0]["limit"] == "battery.consumption-capacity"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"flex-model": {"soc-mim": "1 kWh"}}, 422, "did you mean 'soc-min'"),
        ({"flex-context": {"consumption-prize": "1 EUR/kWh"}}, 422, "did you mean 'consumption-price'"),
        ({"start": None}, 422, "start"),
        ({"duration": "forever"}, 422, "duration"),
        ({"flex-model": [{"sensor": 99999}]}, 422, "99999"),
        ({"flex-model": [{"soc-at-start": "1 kWh"}]}, 422, "'flex-model': {'0'"),
        ({"flex-context": {"consumption-price": "5 apples"}}, 422, "apples"),
        ({"flex-kontext": {}}, 422, "flex-context"),
        ({"duration": "P900D"}, 422, "steps"),
    ],
)
def test_bad_triggers_name_the_field(
    api: Api, ids: dict[str, int], prices: int, change: dict[str, Any], status: int, said: str
) -> None:
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=trigger(ids, prices) | change)
    assert answer.status_code == status and said in str(answer.json()["message"])


@pytest.mark.parametrize(
    ("who", "status"), [("hand", 202), ("adviser", 202), ("rival", 403), ("reader", 403), (None, 401)]
)
def test_who_may_plan(api: Api, ids: dict[str, int], prices: int, who: str | None, status: int) -> None:
    path = f"/assets/{ids['battery']}/schedules/trigger"
    assert api.post(path, who=who, json=trigger(ids, prices)).status_code == status


def test_sensors_of_others_cannot_be_used(api: Api, ids: dict[str, int], prices: int) -> None:
    body = trigger(ids, prices)
    body["flex-context"]["inflexible-device-sensors"] = [ids["s:pv"]]
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body)
    assert (answer.status_code, answer.json()["status"]) == (403, "INVALID_SENDER")


def test_unknown_jobs_are_told(api: Api, ids: dict[str, int]) -> None:
    assert api.get("/jobs/no-such-job").status_code == 404
    answer = api.get(f"/sensors/{ids['s:power']}/schedules/no-such-job")
    assert (answer.status_code, answer.json()["status"]) == (400, "UNKNOWN_SCHEDULE")
