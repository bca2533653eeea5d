"""``flexscope run --demo`` as a host starts it, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import requests

from tests.http.serving import Api
from tests.postgres import free_port
from tests.processes import COMMAND, Forked, flexscope


def test_the_demo_is_served_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", COMMAND, "run", "--demo", "--port", str(port)]
    environment = os.environ | {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        said = [run.stdout.readline() for _ in range(3)]
        assert f"http://localhost:{port}/" in said[2]
        page = requests.get(f"http://localhost:{port}/login", timeout=120).text
        assert "toy-user@flexmeasures.io" in page and (tmp_path / "demo.db").exists()
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=120) == 0
        assert run.stdout.read() == ""  # a quiet log, unless something is wrong


def test_a_server_ends_at_an_interrupt_as_well(tmp_path: Path) -> None:
    port, out = free_port(), tmp_path / "out"
    environment = os.environ | {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}
    run = Forked(COMMAND, "run", "--port", str(port), environment=environment, out=out)
    Api(f"http://127.0.0.1:{port}", out, run.pid).wait(run)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=120) == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        run = flexscope(
            "run", "--host", "127.0.0.1", "--port", str(port), environment={"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}
        )
    assert run.returncode == 1 and "choose another --port" in run.stderr and "Traceback" not in run.stderr
