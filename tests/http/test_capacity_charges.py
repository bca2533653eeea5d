"""Capacity charges over the API, from the request to the bill, on both databases."""

from typing import Any

import pytest

from tests.http.serving import Api

START = "2026-04-02T00:15:00+02:00"
CAR = {"soc-at-start": "0 kWh", "soc-max": "30 kWh", "power-capacity": "8 kW", "production-capacity": "0 kW"}


def peak_costs(api: Api, ids: dict[str, int], **context: Any) -> tuple[float, float]:
    """What the peak of a schedule costs that charges 11.5 kWh in 3 h 45 min, and its highest power."""
    target = [{"value": "11.5 kWh", "datetime": "2026-04-02T04:00:00+02:00"}]
    model = {"sensor": ids["s:power"], **CAR, "soc-targets": target}
    body = {"start": START, "duration": "PT3H45M", "resolution": "PT15M", "flex-model": [model]}
    body["flex-context"] = {"consumption-price": "0.2 EUR/kWh", **context}
    answer = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body)
    assert answer.status_code == 202, answer.text
    result = api.ended(answer.json()["job"]).json()["result"]
    address = f"/assets/{ids['battery']}/schedules/{answer.json()['job']}"
    both = api.get(address, params={"duration": "PT3H45M"}).json()
    assert "schedules" in both, both
    values = both["schedules"][str(ids["s:power"])]["values"]
    return result["commitment-costs"]["electricity consumption peak"], max(values)


def test_a_belgian_peak_counts_what_has_run_of_the_interval_and_a_floor(api: Api, ids: dict[str, int]) -> None:
    asked = {"site-peak-consumption-price": "4 EUR/kW", "site-peak-interval": "PT30M", "site-peak-floor": "2.5 kW"}
    cost, highest = peak_costs(api, ids, **asked, **{"site-peak-running-consumption": "0 kW"})
    # The first half an hour may be twice as high as the others, as half of it is over.
    assert (cost, highest) == (pytest.approx(4 * (11.5 / 4 - 2.5), abs=1e-3), pytest.approx(2 * 11.5 / 4, abs=1e-3))


def test_a_norwegian_fee_goes_by_the_band_of_three_days(api: Api, ids: dict[str, int]) -> None:
    bands = [{"up-to": "2 kW", "fee": "10 EUR"}, {"up-to": "5 kW", "fee": "25 EUR"}, {"fee": "60 EUR"}]
    asked = {"site-peak-bands": bands, "site-peak-interval": "PT1H", "site-peak-highest-days": 3}
    assert peak_costs(api, ids, **asked)[0] == pytest.approx(0.0, abs=1e-6)
    asked["site-peak-earlier-days"] = ["1.8 kW", "1.9 kW"]
    assert peak_costs(api, ids, **asked)[0] == pytest.approx(15.0)


def test_a_ratchet_and_hours_of_a_swedish_winter(api: Api, ids: dict[str, int]) -> None:
    winter = {"site-peak-consumption-price": "4 EUR/kW", "site-peak-hours": "Nov-Mar Mon-Fri 07:00-20:00"}
    assert peak_costs(api, ids, **winter)[0] == 0.0
    year = {"site-peak-consumption-price": "4 EUR/kW", "site-peak-ratchet": "80%", "site-peak-year-consumption": "5 kW"}
    assert peak_costs(api, ids, **year)[0] == 0.0
