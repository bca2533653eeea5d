"""What many do at once, or one means badly: slow connections, requests, pages, generated requests, the worst user."""

import re
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from app.demo.building import load
from benchmarks.reliability_load import Tally
from benchmarks.reliability_mix import everyday, sign_ins, worst_user
from benchmarks.reliability_services import CLIENTS, Services, services
from benchmarks.reliability_table import Bound, Row
from tests.browser import looking
from tests.conftest import ARGUMENTS

GROWTH_MB, WARM, QUARTERS = 20.0, 48, 4
"""Most growth of memory; requests of each client before it counts, three of each sort; how often it is looked at."""
P99 = 1.0
"""Longest time that 99 of 100 sign-ins may take [s]."""
expect.set_options(timeout=60_000)  # a busy machine is slow, not wrong
SETTLED = 40.0
"""After so long the sessions of pages that were closed are gone [s]."""
CASES = re.compile(r"(\d+) generated(?:.*?(\d+) unique failures?)?", re.DOTALL)
KEPT_AWAY = ("--exclude-path-regex", "password-reset|/users/\\{id\\}$")
"""What would end the login that the generated requests come with."""


def p99(took: list[float]) -> float:
    """Return what 99 of 100 waits stay below."""
    return statistics.quantiles(took, n=100, method="inclusive")[98] if len(took) > 1 else sum(took)


def apart(stack: ExitStack) -> ProcessPoolExecutor:
    """Give processes of their own, so that clients do not wait for each other's interpreter."""
    return stack.enter_context(ProcessPoolExecutor(2, get_context("spawn")))


def waits(future: "Future[tuple[list[float], Tally]]") -> tuple[list[float], str, set[str]]:
    """Return how long sign-ins took [s], the same in words, and their faults."""
    took, tally = future.result()
    words = f"{len(took)} sign-ins: median {statistics.median(took):.2f} s, p99 {p99(took):.2f} s ({tally})"
    return took, words, tally.faults


def slow(kind: str, bound: Bound) -> Row:
    """Hold connections open with half a request, a tenth of them with half a body, while somebody signs in."""
    with services(kind) as running, ExitStack() as stack:
        at = urlsplit(running.api.url)
        head = f"POST /api/v3_0/sensors/data HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Type: application/json\r\n"
        body = f"{head}Content-Length: 100000\r\n\r\n" + "{" * 10_000
        sockets = [
            stack.enter_context(socket.create_connection((at.hostname, at.port), timeout=30))
            for _ in range(bound.count + bound.count // 10)
        ]
        for number, one in enumerate(sockets):
            one.sendall((head if number < bound.count else body).encode())
        end = time.monotonic() + bound.seconds
        future = apart(stack).submit(sign_ins, running.api.url, bound.seconds)
        took, words, faults = waits(future)
        time.sleep(max(0.0, end - time.monotonic()))
        closed = sum(map(is_closed, sockets))
        reached = f"{len(sockets)} slow connections, {closed} closed after {bound.seconds:.0f} s; meanwhile {words}"
        return Row("slow connections", kind, f"sign-in p99 ≤ {P99:.0f} s", reached, p99(took) <= P99 and not faults)


def is_closed(one: socket.socket) -> bool:
    """Return whether the other side has ended a connection."""
    one.setblocking(False)
    try:
        while one.recv(4096):  # a refusal may come before the end
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def many_requests(kind: str, bound: Bound) -> Row:
    """Ask for all sorts of things; compare memory after three of each sort with memory at the end."""
    with services(kind) as running, ThreadPoolExecutor(CLIENTS) as clients:
        end, tally = time.monotonic() + bound.seconds, Tally()
        running.api.token("boss")

        def ask(count: int, until: float) -> int:
            session = [clients.submit(everyday, running, number, count, until, tally) for number in range(CLIENTS)]
            return sum(one.result() for one in session)

        ask(WARM, end)
        memory, asked = [measured(running, 5)], 0
        for _ in range(QUARTERS):
            asked += ask(-(-bound.count // CLIENTS // QUARTERS), end)
            memory.append(measured(running, 5))
        server, worker = ([round(one) for one in each] for each in zip(*memory, strict=True))
        told = f"server {' to '.join(map(str, server))} MB, worker {worker[0]} to {worker[-1]} MB"
        reached = f"{asked:,} requests of {bound.count:,}: {told}; {tally} {'; '.join(sorted(tally.faults)[:3])}"
        little = all(each[-1] - each[0] <= GROWTH_MB for each in (server, worker))
        held = little and not tally.faults and asked >= bound.count
        return Row("requests", kind, f"growth ≤ {GROWTH_MB:.0f} MB, 0 answers ≥ 500", reached, held)


def measured(running: Services, pause: float) -> tuple[float, float]:
    """Return the memory of server and worker after a pause [MB]."""
    time.sleep(pause)
    return running.server.memory_mb(), running.worker.memory_mb()


def pages(kind: str, bound: Bound) -> Row:
    """Open pages in a real browser and close them; compare memory after the first round with memory at the end."""
    with services(kind) as running, sync_playwright() as playwright:
        load(running.database, now=datetime.now(UTC))
        with running.database.writing() as session:
            looking.add_host(session)
            looking.add_job(session)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        context = browser.new_context(base_url=running.api.url)
        page = context.new_page()
        looking.sign_in(page, f"{running.api.url}/assets", looking.HOST)
        looking.settle(page)
        page.close()
        addresses, end, opened = list(looking.addresses(running.database).values()), time.monotonic() + bound.seconds, 0
        memory = [measured(running, 0)[0]]
        for at in range(-len(addresses), bound.count):
            if at == 0:
                memory.append(measured(running, SETTLED)[0])
            page = context.new_page()
            page.goto(addresses[at % len(addresses)])
            looking.settle(page)
            page.close()
            opened += at >= 0
            if time.monotonic() > end:
                break
        memory.append(measured(running, SETTLED)[0])
        browser.close()
    told = " to ".join(f"{one:.0f}" for one in memory)
    reached = f"{opened} pages of {bound.count} after each of {len(addresses)} once; server {told} MB"
    held = opened == bound.count and memory[-1] - memory[-2] <= GROWTH_MB
    return Row("pages opened and closed", kind, f"growth ≤ {GROWTH_MB:.0f} MB", reached, held)


def generated(kind: str, bound: Bound) -> Row:
    """Let schemathesis make requests from the specification, as an admin, until its time is over."""
    with services(kind) as running:
        program = Path(sys.executable).with_name("schemathesis")
        command = [str(program), "run", f"{running.api.url}/api/v3_0/openapi.json", "--no-color", *KEPT_AWAY]
        command += ["--header", f"Authorization:{running.api.token('root')}", "--continue-on-failure"]
        command += ["--checks", "not_a_server_error,response_schema_conformance", "--max-time", f"{bound.seconds:.0f}"]
        done = subprocess.run(
            command, cwd=running.folder, capture_output=True, text=True, timeout=3 * bound.seconds + 60
        )
    found = CASES.search(done.stdout.rpartition("Test cases:")[2])
    count, failures = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
    if done.returncode:
        print(done.stdout[-20_000:], file=sys.stderr)
    reached = f"{count:,} cases in {bound.seconds:.0f} s, {failures} kinds of failures, exit code {done.returncode}"
    held = count >= bound.count and not done.returncode
    return Row("generated requests", kind, f"{bound.count:,} cases, 0 answers ≥ 500", reached, held)


def worst(kind: str, bound: Bound) -> Row:
    """One user does his worst, with the limits of a real server and without; somebody else signs in meanwhile."""
    parts, held = [], True
    for limits in ("true", "false"):
        with services(kind, RATELIMIT_ENABLED=limits) as running, ExitStack() as stack:
            token, processes, site, url = running.api.token("boss"), apart(stack), running.sites[0], running.api.url
            alone = waits(processes.submit(sign_ins, url, bound.seconds / 6))[1]
            evil = processes.submit(worst_user, url, token, site, bound.seconds + 2)
            time.sleep(2)
            took, words, faults = waits(processes.submit(sign_ins, url, bound.seconds))
            tally = evil.result()
            held &= p99(took) <= P99 and not faults and not tally.faults
            kinds = "; ".join(sorted(faults | tally.faults)[:3])
            parts.append(f"limits {limits}: alone {alone}; then {words}; he got {tally} {kinds}")
    asked = f"sign-in p99 ≤ {P99:.0f} s, 0 answers ≥ 500 but 503"
    return Row("one user's worst", kind, asked, ". ".join(parts), held)
