"""Nobody's requests keep another from signing in, and nobody holds a place in the server for ever."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from app.fair_pools import TOGETHER, Crowded, FairPool, SharedCount, network
from db.core.database import Database
from tests.auth.permission_table import PLAN
from tests.effort import effort
from tests.http import serving
from tests.http.serving import PASSWORD, Api, alone, email

SLOW = 2
"""How long the server of these tests waits for a slow client [s]."""


@pytest.fixture(scope="module")
def served(sqlite_people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that loses its patience soon."""
    told = {"FLEXSCOPE_SLOW_CLIENT_SECONDS": str(SLOW), "FLEXSCOPE_MAX_RECEIVING_BYTES": str(2**20)}
    url = sqlite_people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("fair"), **told) as api:
        api.ids = serving.identifiers(sqlite_people)
        yield api


async def _turns(asked: list[str], *, share: int) -> list[str]:
    """Return in whose order work is done, when all of it was asked for in the order given."""
    pool, order, most = FairPool("test", share, most=100, patience=30.0), [], Counting()
    await asyncio.gather(*(pool.run(who, lambda who=who: (order.append(who), most.work(who))) for who in asked))
    pool.close()
    assert most.together <= share
    return order


class Counting:
    """How much of one principal's work is done at the same time."""

    def __init__(self) -> None:
        self.together, self._now, self._lock = 0, dict[str, int](), threading.Lock()

    def work(self, who: str) -> None:
        with self._lock:
            self._now[who] = self._now.get(who, 0) + 1
            self.together = max(self.together, *self._now.values())
        time.sleep(0.01)
        with self._lock:
            self._now[who] -= 1


@pytest.mark.parametrize("share", [1, 2])
def test_one_who_asks_a_hundred_times_lets_others_go_first(share: int) -> None:
    order = alone(_turns([*["worst"] * 90, "other", "third"], share=share))
    assert {"other", "third"} <= set(order[: 2 * share + 4])


def test_one_has_few_threads_of_all_pools_together() -> None:
    async def busy() -> tuple[int, str]:
        everywhere, go = SharedCount(), threading.Event()
        pools = [FairPool(name, 2, most=9, patience=30.0, everywhere=everywhere) for name in ("one", "two", "three")]
        tasks = [asyncio.create_task(pool.run("worst", go.wait)) for pool in pools for _ in range(2)]
        other = await pools[0].run("other", lambda: "served")
        together = everywhere.at_work["worst"]
        go.set()
        await asyncio.gather(*tasks)
        for pool in pools:
            pool.close()
        return together, other

    assert alone(busy()) == (TOGETHER, "served")


def test_what_waits_is_bounded_for_each_alone() -> None:
    async def crowded() -> tuple[int, str]:
        pool, go = FairPool("test", 1, most=3, patience=30.0), threading.Event()
        tasks = [asyncio.create_task(pool.run("worst", go.wait)) for _ in range(10)]
        other = await pool.run("other", lambda: "served")
        go.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        pool.close()
        return sum(isinstance(each, Crowded) and each.own for each in ended), other

    assert alone(crowded()) == (6, "served")


def test_what_waits_too_long_is_told_so() -> None:
    async def late() -> bool:
        pool, go = FairPool("test", 1, most=3, patience=0.05), threading.Event()
        first, second = (asyncio.create_task(pool.run("one", go.wait)) for _ in range(2))
        with pytest.raises(Crowded) as told:
            await second
        go.set()
        await first
        pool.close()
        return told.value.own

    assert alone(late()) is True  # it was the principal's own work that filled his share


def test_one_network_of_ipv6_is_one_asker() -> None:
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::9") != network("2001:db8:1:3::9")
    assert network("192.0.2.1") == network("::ffff:192.0.2.1") != network("::ffff:192.0.2.2")


def worst(served: Api, stop: threading.Event) -> Callable[[int], None]:
    """Return what one user can ask for, again and again: plans, readings, values, tokens, forged keys."""
    at, headers = served.ids, {"Authorization": served.token("boss")}
    plan = {"json": PLAN | {"duration": "P2D", "flex-model": [{"sensor": at["s:power"], "soc-at-start": "5 kWh"}]}}
    year = {"params": {"start": "2025-01-01T00:00:00Z", "duration": "P300D"}}
    values = {"json": {"values": [1.0] * 500, "start": "2026-01-05T00:00:00Z", "duration": "PT125H", "unit": "kW"}}
    forged = {"headers": {"Authorization": "fs_999_forged"}}
    asked = [
        ("POST", f"/api/v3_0/assets/{at['battery']}/schedules/preview", plan),
        ("GET", f"/api/v3_0/sensors/{at['s:power']}/data", year),
        ("POST", f"/api/v3_0/sensors/{at['s:power']}/data", values),
        ("POST", "/api/requestAuthToken", {"json": {"email": email("boss"), "password": PASSWORD}}),
        ("GET", "/api/v3_0/assets", forged),
    ]

    def ask(number: int) -> None:
        method, path, more = asked[number % len(asked)]
        while not stop.is_set():
            requests.request(method, served.url + path, timeout=120, **({"headers": headers} | more))

    return ask


def test_sign_in_health_and_small_reads_go_on_while_one_does_his_worst(served: Api) -> None:
    stop, alone_took = threading.Event(), _measured(served)
    with ThreadPoolExecutor(40) as attackers:
        for number in range(40):
            attackers.submit(worst(served, stop), number)
        time.sleep(1)
        try:
            took = [_measured(served) for _ in range(5)]
        finally:
            stop.set()
    assert max(took) < 8 + 10 * alone_took, took


def _measured(served: Api) -> float:
    """Return how long the server computes until another user has signed in, and seen its health and an own asset [s].

    On a quiet machine that is how long he waits; other programs on the machine do not count.
    """
    began = served.computed()
    form = {"email": email("rival"), "password": PASSWORD}
    token = requests.post(f"{served.url}/api/requestAuthToken", json=form, timeout=120)
    assert token.status_code == 200, token.text
    signed_in = {"Authorization": token.json()["auth_token"]}
    assert requests.get(f"{served.url}/api/v3_0/health/ready", timeout=120).status_code == 200
    own = f"{served.url}/api/v3_0/assets/{served.ids['foreign']}"
    assert requests.get(own, headers=signed_in, timeout=120).status_code == 200
    return served.computed() - began


HALVES = {
    "a head": b"GET /api/ HTTP/1.1\r\nHost: x\r\n",
    "nothing": b"",
    "a body": b"POST /api/requestAuthToken HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    "a form": b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nemail=",
}


@pytest.mark.parametrize("half", HALVES)
def test_who_sends_only_half_is_let_go(served: Api, half: str) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SLOW + 120) as slow:
        slow.sendall(HALVES[half])
        assert slow.recv(1) == b""


def test_a_connection_that_rests_between_two_requests_stays(served: Api) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as resting:
        for pause in (SLOW + 2, 0):
            resting.sendall(b"GET /api/ops/ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in resting.recv(65536)
            time.sleep(pause)


def test_a_form_has_no_megabytes(served: Api) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=120) as client:
        client.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 400")


BIG = b'{"values": [' + b"1," * 700_000 + b"1]}"


@pytest.mark.parametrize("number", range(effort(2, 5)))
@pytest.mark.parametrize("given", ["nothing", "forged", "no xsrf", "too large", "too much at once"])
def test_a_refusal_arrives_although_the_body_is_large(served: Api, given: str, number: int) -> None:
    path, headers, body = f"/api/v3_0/sensors/{served.ids['s:power']}/data", {}, BIG
    if given == "forged":
        headers = {"Authorization": "forged"}
    if given == "no xsrf":
        headers = {"Cookie": "flexscope_session=forged"}
    if given.startswith("too"):
        headers = {"Authorization": served.token("boss")}
    if given == "too large":
        body = BIG * 4
    answer = requests.post(served.url + path, data=body, headers=headers, timeout=120)
    expected = {"no xsrf": 403, "too large": 429, "too much at once": 429}
    assert answer.status_code == expected.get(given, 401), answer.text
