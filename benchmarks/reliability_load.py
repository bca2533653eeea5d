"""Clients that post and plan and remember what was acknowledged, and the check of what is left of that."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import numpy as np
import requests
from sqlalchemy import select
from urllib3.exceptions import NewConnectionError

from benchmarks.reliability_services import Services, Site, wait
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.jobs.jobs import PENDING, Job
from db.sensors import Sensor
from tests.http.serving import Api

START = datetime(2026, 3, 2, tzinfo=UTC)
EVER = datetime(2100, 1, 1, tzinfo=UTC)
BATCH, LARGE = 96, 20_000
"""Five-minute values of one run, and of one that soon fills a disk; the next run supersedes half of them."""
PLAN_AFTER = 8
"""A plan is asked for after so many runs."""
PLANNED = 24
"""Steps of a plan, of 15 minutes each."""
COUNTING = threading.Lock()
PAUSE = 0.2
"""Longest pause between two requests of a client [s]."""


@dataclass
class Tally:
    """What was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by status; 0: the connection broke."""
    faults: set[str] = field(default_factory=set)
    """Answers that must not be: 500 or more, but 503 with a Retry-After."""
    slowest: float = 0.0
    """The longest wait for an answer [s]."""

    def note(self, answer: requests.Response, took: float) -> None:
        with COUNTING:
            self.statuses[answer.status_code] += 1
            self.slowest = max(self.slowest, took)
        if answer.status_code >= 500 and not (answer.status_code == 503 and "Retry-After" in answer.headers):
            self.faults.add(
                f"{answer.request.method} {answer.request.path_url}: {answer.status_code} {answer.text[:200]}"
            )

    def note_broken(self) -> None:
        with COUNTING:
            self.statuses[0] += 1

    def __str__(self) -> str:
        told = [f"{count} x {status or 'broken off'}" for status, count in sorted(self.statuses.items())]
        return f"{', '.join(told)}; slowest {self.slowest:.1f} s"


class Client(threading.Thread):
    """Posts runs of values and asks for plans until it is stopped; every second one repeats what was not answered."""

    def __init__(self, load: "Load", number: int, site: Site, batch: int) -> None:
        super().__init__(daemon=True)
        self.site, self.batch, self.tally, self.stopped = site, batch, load.tally, load.stopped
        self.dice, self.repeats = random.Random(number), bool(number % 2)
        self.api = Api(load.services.api.url, load.services.api.log)
        self.api.tokens = load.services.api.tokens
        self.acknowledged: set[int] = set()
        self.sent: set[int] = set()
        self.jobs: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.stopped.is_set():
            number += 1
            self.post(number)
            if number % PLAN_AFTER == 0:
                self.plan(number // PLAN_AFTER)

    def post(self, number: int) -> None:
        """Send one run; its values are its number and a fraction, so that they do not compress."""
        start, noise = START + number * self.batch // 2 * timedelta(minutes=5), random.Random(number)
        values = [number + noise.random() / 2 for _ in range(self.batch)]
        body = {"start": start.isoformat(), "duration": f"PT{5 * self.batch}M", "values": values, "unit": "kW"}
        self.sent.add(number)
        if self.answered(f"/sensors/{self.site.meter}/data", body):
            self.acknowledged.add(number)

    def plan(self, number: int) -> None:
        """Ask for a plan whose start no other has, so that doubles are found."""
        model = {"sensor": self.site.power, "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
        body = {"start": (START + number * timedelta(minutes=15)).isoformat(), "duration": f"PT{15 * PLANNED}M"}
        body |= {"flex-model": [model], "flex-context": {"consumption-price": "0.3 EUR/kWh"}}
        body["force-new-job-creation"] = True
        key = {"Idempotency-Key": f"{self.site.battery}-{number}"} if self.repeats else {}
        if answer := self.answered(f"/assets/{self.site.battery}/schedules/trigger", body, key):
            self.jobs.append(answer.json()["job"])

    def answered(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> requests.Response | None:
        """Return the answer to a request if it was taken; a client that repeats does so until it is."""
        again = True
        while again:
            time.sleep(self.dice.random() * PAUSE)
            again, begun = self.repeats, time.monotonic()
            try:
                answer = self.api.post(path, json=body, headers=headers or {})
            except requests.RequestException as error:
                if is_refused(error):
                    again = True  # nobody was there, so nothing was sent
                else:
                    self.tally.note_broken()
            else:
                self.tally.note(answer, time.monotonic() - begun)
                if answer.ok:
                    return answer
            again &= not self.stopped.is_set()
        return None


def is_refused(error: requests.RequestException) -> bool:
    """Return whether a request failed because nobody listened."""
    return isinstance(getattr(error.args[0] if error.args else None, "reason", None), NewConnectionError)


class Load:
    """All clients at once, until the block ends; the last may post longer runs."""

    def __init__(self, services: Services, last: int = BATCH) -> None:
        self.services, self.tally, self.stopped = services, Tally(), threading.Event()
        services.api.token("boss")
        batches = [BATCH] * (len(services.sites) - 1) + [last]
        sites = zip(services.sites, batches, strict=True)
        self.clients = [Client(self, number, site, batch) for number, (site, batch) in enumerate(sites)]

    def __enter__(self) -> Self:
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for client in self.clients:
            client.join(timeout=60)


@dataclass
class Verdict:
    """What is left of what clients sent."""

    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    """Runs that were acknowledged and are not there."""
    half: int = 0
    """Runs of which a part is there, or more than was sent."""
    unanswered: int = 0
    """Runs that are there, whole, though nobody was told."""
    jobs: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    """Jobs that were acknowledged and are not there."""
    unended: int = 0
    """Jobs that neither finished nor failed with a reason."""
    doubled: int = 0
    """Plans that were made twice although the request carried a key."""
    half_plans: int = 0
    """Finished plans that do not say something for each step."""
    sound: bool = True

    @property
    def wrong(self) -> int:
        return self.lost + self.half + self.missing + self.unended + self.doubled + self.half_plans + (not self.sound)

    def __str__(self) -> str:
        ended = ", ".join(f"{count} {state}" for state, count in sorted(self.jobs.items()))
        wrong = f"{self.lost} lost, {self.half} half, {self.unanswered} stored but not answered"
        jobs = (
            f"{self.missing} lost, {self.unended} without end or reason, {self.doubled} doubled, {self.half_plans} half"
        )
        whole = "" if self.sound else "; THE DATABASE IS DAMAGED"
        return f"{self.acknowledged} of {self.sent} runs acknowledged: {wrong}; jobs: {ended or 'none'}; {jobs}{whole}"


def judge(load: Load, patience: float = 120) -> Verdict:
    """Wait for jobs to end, then compare what is stored with what was acknowledged."""
    services, verdict = load.services, Verdict()
    wait(lambda: not pending(services), patience)
    for client in load.clients:
        stored = runs(services, client.site.meter)
        verdict.sent += len(client.sent)
        verdict.acknowledged += len(client.acknowledged)
        verdict.lost += len(client.acknowledged - stored.keys())
        verdict.half += sum(count != client.batch for count in stored.values())
        verdict.unanswered += len(stored.keys() - client.acknowledged)
        judge_jobs(services, client, verdict)
    verdict.sound = services.is_sound()
    return verdict


def judge_jobs(services: Services, client: Client, verdict: Verdict) -> None:
    with services.database.reading() as session:
        rows = list(session.scalars(select(Job).where(Job.asset_id == client.site.battery)))
    verdict.jobs.update(row.status for row in rows)
    verdict.missing += len(set(client.jobs) - {row.id for row in rows})
    verdict.unended += sum(not (row.status == "FINISHED" or (row.status == "FAILED" and row.message)) for row in rows)
    if client.repeats:
        verdict.doubled += len(rows) - len({row.request["start"] for row in rows})
    asked = {"duration": f"PT{15 * PLANNED}M"}
    for row in [row for row in rows if row.status == "FINISHED"][-25:]:
        answer = services.api.get(f"/sensors/{client.site.power}/schedules/{row.id}", params=asked)
        values = answer.json().get("values", [])
        verdict.half_plans += len(values) != PLANNED or None in values


def pending(services: Services) -> int:
    with services.database.reading() as session:
        return len(list(session.scalars(select(Job.id).where(Job.status.in_(PENDING)))))


def runs(services: Services, sensor_id: int) -> dict[int, int]:
    """Return the number of values that are stored of each run, the superseded ones as well."""
    with services.database.reading() as session:
        sensor = get(session, Sensor, sensor_id)
        values = store.read_all(session, sensor, BeliefQuery(START, EVER, known_at=EVER)).beliefs.values
    numbers, counts = np.unique(np.floor(values), return_counts=True)
    return {int(number): int(count) for number, count in zip(numbers, counts, strict=True)}
