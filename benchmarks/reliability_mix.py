"""What clients of the crowds ask for: an ordinary day, sign-ins, and one user's worst."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from benchmarks.reliability_load import START, Tally
from benchmarks.reliability_services import Services, Site
from tests.auth.test_sign_in import signed_in, submit
from tests.http.serving import PASSWORD, Api, email

DAY = {"start": START.isoformat(), "duration": "P1D"}
YEAR = {"start": START.isoformat(), "duration": "P365D"}
SIGN_IN_PAUSE = 0.1
"""Between two sign-ins that are measured [s]."""
GRACE = 5.0
"""How long answers that are still to come are waited for; what nobody waits for goes on at the server [s]."""
ELSEWHERE = "127.0.0.2"
"""Network address of who is measured, for too many wrong passwords from one address make it wait."""
STOLEN = 12
"""Bytes of a token that is none."""


def everyday(running: Services, number: int, count: int, until: float, tally: Tally) -> int:
    """Ask for so many things of an ordinary day, in turn; return how many were asked for in time."""
    api, site = Api(running.api.url, running.api.log), running.sites[number]
    api.tokens = running.api.tokens
    turns, asked = ordinary(api, site), 0
    while asked < count and time.monotonic() < until:
        begun = time.monotonic()
        tally.note(turns[asked % len(turns)](asked), time.monotonic() - begun)
        asked += 1
    return asked


def ordinary(api: Api, site: Site) -> list[Callable[[int], requests.Response]]:
    """Return what is asked for in turn, given the number of the request."""
    data, asset = f"/sensors/{site.meter}/data", f"/assets/{site.battery}"
    csv = "time,value\n" + "".join(f"{(START + n * timedelta(minutes=5)).isoformat()},{n}\n" for n in range(96))

    def sign_in(_: int) -> requests.Response:
        body = {"email": email("rival"), "password": PASSWORD}
        return requests.post(f"{api.url}/api/requestAuthToken", json=body, timeout=60)

    return [
        lambda n: api.post(data, json=DAY | {"values": [float(n)] * 288, "unit": "kW"}),
        lambda _: api.get(data, params=DAY),
        lambda _: api.get("/assets"),
        lambda _: api.get(f"/sensors/{site.power}"),
        lambda _: api.get(data, params=DAY | {"duration": "P30D", "resolution": "PT1H"}),
        lambda n: api.patch(asset, json={"attributes": {"n": n}}),
        lambda _: api.get("/users"),
        lambda _: api.get(f"/sensors/{site.meter}/stats"),
        lambda n: api.post(f"{asset}/schedules/preview", json=plan(site, soc=n % 9)),
        lambda _: api.get(f"{asset}/jobs"),
        lambda _: api.get("/sensors/data/export", params=DAY | {"sensors": str(site.meter)}),
        lambda _: api.post(f"{data}/upload", files={"uploaded-files": ("day.csv", csv)}),
        lambda _: api.get(f"/sensors/{site.meter}/chart_data", params=DAY),
        lambda _: api.get("/assets/99999999"),
        lambda _: api.post(data, json={"values": "many"}),
        lambda n: sign_in(n) if n % 4 == 0 else api.get("/health/ready"),
    ]


def plan(
    site: Site, *, soc: int = 2, devices: int = 1, duration: str = "P1D", sells_dearer: bool = False
) -> dict[str, Any]:
    """Return a request to plan; selling dearer than buying takes whole numbers."""
    model = {"sensor": site.power, "soc-at-start": f"{soc} kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    context = {"consumption-price": "0.3 EUR/kWh", "site-power-capacity": "50 kW"}
    if sells_dearer:
        context["production-price"] = "0.4 EUR/kWh"
    body: dict[str, Any] = {"start": START.isoformat(), "duration": duration, "flex-context": context}
    return body | {"flex-model": [model] * devices}


def browser_elsewhere() -> requests.Session:
    """Return a client with a network address of its own."""

    class Elsewhere(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, source_address=(ELSEWHERE, 0), **more)

    browser = requests.Session()
    browser.mount("http://", Elsewhere())
    return browser


def sign_ins(url: str, seconds: float) -> tuple[list[float], Tally]:
    """Sign in again and again, by the API and by the form in turn; return how long each took [s]."""
    took, tally, end = list[float](), Tally(), time.monotonic() + seconds
    body = {"email": email("rival"), "password": PASSWORD}
    while time.monotonic() < end:
        begun, browser = time.monotonic(), browser_elsewhere()
        try:
            if len(took) % 2:
                answer = submit(browser, f"{url}/login", **body)
            else:
                answer = browser.post(f"{url}/api/requestAuthToken", json=body, timeout=60)
        except requests.RequestException as error:
            tally.faults.add(f"sign-in: {type(error).__name__}")
        else:
            tally.note(answer, time.monotonic() - begun)
            if answer.status_code not in (200, 302):
                tally.faults.add(f"sign-in: {answer.status_code} {answer.text[:200]}")
        took.append(time.monotonic() - begun)
        time.sleep(SIGN_IN_PAUSE)
    return took, tally


def worst_user(url: str, token: str, site: Site, seconds: float) -> Tally:
    """Do all that one user can do to others, from as many threads as there are ways, two each."""
    tally, end = Tally(), time.monotonic() + seconds

    def repeat(way: Callable[[Api], requests.Response]) -> None:
        api = Api(url, Path())
        api.tokens["boss"] = token
        while time.monotonic() < end:
            begun = time.monotonic()
            try:
                tally.note(way(api), time.monotonic() - begun)
            except requests.RequestException:
                tally.note_broken()

    threads = [threading.Thread(target=repeat, args=(way,), daemon=True) for way in ways(site) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=max(0.0, end + GRACE - time.monotonic()))
    return tally


def ways(site: Site) -> list[Callable[[Api], requests.Response]]:
    """Return each way to hurt: hard plans, years read and written, files, pages, bad tokens, wrong passwords."""
    data, asset = f"/sensors/{site.meter}/data", f"/assets/{site.battery}"
    lines = [f"{(START + n * timedelta(minutes=5)).isoformat()},{n % 97}\n" for n in range(105_120)]
    csv, dice = "time,value\n" + "".join(lines), random.Random(1)

    def bad_token(api: Api) -> requests.Response:
        return api.get("/assets", who=None, headers={"Authorization": dice.randbytes(STOLEN).hex()})

    def wrong_password(api: Api) -> requests.Response:
        body = {"email": email("boss"), "password": "not his password"}
        return requests.post(f"{api.url}/api/requestAuthToken", json=body, timeout=60)

    def wrong_form(api: Api) -> requests.Response:
        return signed_in(api, "boss", "not his password")[1]

    hard = plan(site, duration="P26D", sells_dearer=True)
    return [
        lambda api: api.post(f"{asset}/schedules/preview", json=hard),
        lambda api: api.post(f"{asset}/schedules/preview", json=plan(site, devices=100, duration="P7D")),
        lambda api: api.post(f"{asset}/schedules/trigger", json=hard | {"force-new-job-creation": True}),
        lambda api: api.get(data, params=YEAR),
        lambda api: api.get(f"/sensors/{site.meter}/chart_data", params=YEAR),
        lambda api: api.get("/sensors/data/export", params=YEAR | {"sensors": str(site.meter), "format": "xlsx"}),
        lambda api: api.post(f"{data}/upload", files={"uploaded-files": ("year.csv", csv)}),
        lambda api: api.post(f"{data}/upload/preview", files={"uploaded-files": ("year.csv", csv)}),
        lambda api: api.post(data, json=YEAR | {"values": [dice.random()] * 105_120, "unit": "kW"}),
        bad_token,
        wrong_password,
        wrong_form,
    ]
