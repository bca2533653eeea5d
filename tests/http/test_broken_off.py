"""What clients begin to send and never end."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from app.api.http.multipart import IN_MEMORY
from tests.http.serving import Api, server
from tests.jobs.staging import wait

BODIES = 20


def descriptors(api: Api) -> int:
    """Return how many files and connections a server has open."""
    return len(list(Path(f"/proc/{api.pid}/fd").iterdir()))


def break_off(api: Api) -> None:
    """Send the first part of a body that is kept on disk, and leave."""
    at = urlsplit(api.url)
    size = 3 * IN_MEMORY
    head = f"POST /api/v3_0/sensors/data HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection((at.hostname, at.port)) as connection:
        connection.sendall(head.encode() + b"x" * (2 * IN_MEMORY))


def test_a_body_that_breaks_off_leaves_no_file_open(sqlite_url: str, tmp_path: Path) -> None:
    with server(sqlite_url, tmp_path) as api:
        api.ask("GET", "//api/", who=None)
        before = descriptors(api)
        for _ in range(BODIES):
            break_off(api)
        api.ask("GET", "//api/", who=None)  # answered after what came before
        wait(lambda: descriptors(api) < before + BODIES // 2, 120)
