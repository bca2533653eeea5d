"""An ephemeral Redis server for the tests; never a shared one."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.postgres import free_port


def binary() -> str | None:
    """Return the path of redis-server, or None."""
    return shutil.which("redis-server")


@contextmanager
def server(port: int | None = None) -> Iterator[str]:
    """Run a server without any file; give its URL."""
    port = port or free_port()
    command = [str(binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([*command, "--dir", str(Path("/tmp"))], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=120)


def wait_for(port: int) -> None:
    client = redis.Redis(port=port)
    for _ in range(1200):  # a minute: a busy machine is slow, not wrong
        try:
            client.ping()
            client.close()
            return
        except redis.ConnectionError:
            time.sleep(0.05)
    raise RuntimeError(f"Redis did not start on port {port}")
