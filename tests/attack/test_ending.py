"""A server that is told to end does so, also while it plans what would take minutes; whoever waits gets a plan."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import requests

from db.core.database import Database
from tests.http import serving

LIMIT = "600"
"""What a plan may take here [s]: much longer than this test waits for the server to end."""


def hard_request(api: serving.Api) -> dict[str, Any]:
    """Return cars with a least power beside a peak price and prices turned round: no search proves a plan in time."""
    modes = [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["4.1 kW", "11 kW"]}]
    by = [{"value": "9 kWh", "datetime": "2026-04-01T18:00:00+02:00"}]
    store = {"soc-at-start": "2 kWh", "soc-max": "40 kWh", "power-capacity": "11 kW", "production-capacity": "0 kW"}
    context = {
        "consumption-price": "0.20 EUR/kWh",
        "production-price": "0.25 EUR/kWh",
        "site-power-capacity": "60 kW",
        "site-peak-consumption-price": "3 EUR/kW",
    }
    cars = [{"sensor": sensor, **store, "soc-minima": by, "operation-modes": modes} for sensor in sensors(api)]
    return {"start": "2026-04-01T00:00:00+02:00", "duration": "P2D", "flex-model": cars, "flex-context": context}


def sensors(api: serving.Api) -> list[int]:
    bodies = [
        {"name": f"car {at}", "generic_asset_id": api.ids["site"], "unit": "kW", "event_resolution": "PT15M"}
        for at in range(7)
    ]
    return [api.post("/sensors", json=body).json()["id"] for body in bodies]


def test_a_server_ends_while_it_plans(sqlite_people: Database, tmp_path: Path) -> None:
    url, answers = sqlite_people.url.render_as_string(hide_password=False), list[requests.Response]()
    limits = {
        "FLEXSCOPE_PREVIEW_TIME_LIMIT": LIMIT,
        "FLEXMEASURES_LP_SOLVER_OPTIONS": f"{{'time_limit': {LIMIT}, 'mip_rel_gap': 0.000001}}",
    }
    with serving.server(url, tmp_path, FLEXSCOPE_WATCH="false", **limits) as api:
        api.ids = serving.identifiers(sqlite_people)
        body, path = hard_request(api), f"/assets/{api.ids['site']}/schedules/preview"
        asking = threading.Thread(target=lambda: answers.append(api.post(path, json=body)))
        began = api.computed()
        asking.start()
        while asking.is_alive() and api.computed() - began < 4.0:
            time.sleep(0.2)
        assert asking.is_alive(), answers[0].text
        os.kill(api.pid, signal.SIGTERM)
        asking.join()
    assert answers[0].status_code == 200 and answers[0].json()["status"] == "best found in time"
