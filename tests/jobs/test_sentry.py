"""Errors reach a Sentry: a real client of it speaks to a server of the test."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

FAILS = """
import logging
from app import logs
from app.settings.settings import load
logs.begin(load())
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("app.jobs").exception("The night's plan failed.")
"""


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[str]]]:
    """Its address for the setting, and what has been sent there."""
    told: list[str] = []

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """See BaseHTTPRequestHandler."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", told
    server.shutdown()


@pytest.mark.parametrize("configured", [True, False])
def test_an_error_is_told_where_the_setting_says(
    sentry: tuple[str, list[str]], tmp_path: Path, configured: bool
) -> None:
    address, told = sentry
    given = {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "SENTRY_DSN": address if configured else ""}
    given |= {"FLEXMEASURES_SENTRY_CONFIG": "{'server_name': 'the mill'}"}
    subprocess.run([sys.executable, "-c", FAILS], env=os.environ | given, check=True, timeout=120)
    text = "".join(told)
    assert all((word in text) == configured for word in ("ZeroDivisionError", "night's plan", "the mill", "flexscope@"))
