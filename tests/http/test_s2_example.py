"""The S2 example that the published client comes with: its energy manager plans with us for its resource manager."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from tests.http.conftest import Served
from tests.http.serving import PASSWORD, Api, email
from tests.postgres import free_port

MANAGER, DEVICE = "websockets_server.py", "websockets_client.py"
PATIENCE = 120
"""How long one waits for what is printed [s]."""


@contextmanager
def example(name: str, api: Api, port: int, folder: Path) -> Iterator[Path]:
    """Run an example on a port of its own until the block ends; gives the file with what it prints."""
    code = files("flexmeasures_client.s2").joinpath("script", name).read_text()
    code = code.replace("localhost:8080", f"127.0.0.1:{port}").replace("run_app(app)", f"run_app(app, port={port})")
    own = {"FLEXMEASURES_BASE_URL": api.url, "FLEXMEASURES_USER": email("boss"), "FLEXMEASURES_PASSWORD": PASSWORD}
    out = folder / name
    with out.open("a") as printed:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code], env=os.environ | own, stdout=printed, stderr=printed
        )
    try:
        yield out
    finally:
        process.kill()
        process.wait()


def wait_for(text: str, out: Path) -> None:
    """Wait until something is printed."""
    until = time.monotonic() + PATIENCE
    while text not in out.read_text():
        assert time.monotonic() < until, f"{text} was not printed:\n{out.read_text()[-3000:]}"
        time.sleep(0.2)


def test_the_example_is_planned_twice(served_sqlite: Served, tmp_path: Path) -> None:
    _, api = served_sqlite  # what it asks for is asked for on PostgreSQL as well, by tests of each endpoint
    port = free_port()
    with example(MANAGER, api, port, tmp_path) as manager:
        wait_for("Running on", manager)
        for turn in range(2):  # the second time its site is there, and is changed to what it is
            (tmp_path / str(turn)).mkdir()
            with example(DEVICE, api, port, tmp_path / str(turn)) as device:
                wait_for("FRBC.Instruction", device)
        assert "Traceback" not in manager.read_text()
    site = next(asset for asset in api.get("/assets").json() if asset["name"] == "My CEM")
    names = {sensor["name"]: sensor["id"] for sensor in site["sensors"]}
    query = {"start": "2026-01-16T20:00:00+01:00", "duration": "PT12H", "unit": "kW", "resolution": "PT15M"}
    power = api.get(f"/sensors/{names['power']}/data", params=query).json()["values"]
    assert len(power) == 48 and None not in power and any(power)
