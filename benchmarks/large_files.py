"""What a large upload and a large export take: time, and memory of the server beside what it has at rest.

Run by hand: ``python -m benchmarks.large_files [rows]``; 6 million rows are about 200 MB of CSV.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
import requests

from db.core.database import Database
from db.migrations import upgrade
from tests.http import serving
from tests.http.serving import Api

START = datetime(2010, 1, 1, tzinfo=UTC)


def resident(pid: int) -> int:
    """Return what a process has in memory [bytes]."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


@contextmanager
def watched(api: Api, what: str) -> Iterator[None]:
    """Print how long something takes, and the most memory the server has meanwhile."""
    rest, most, done, begun = resident(api.pid), [0], threading.Event(), time.monotonic()

    def look() -> None:
        while not done.wait(0.05):
            most[0] = max(most[0], resident(api.pid))

    thread = threading.Thread(target=look)
    thread.start()
    yield
    done.set()
    thread.join()
    took, more = time.monotonic() - begun, (most[0] - rest) / 2**20
    print(f"{what}: {took:.0f} s, {more:.0f} MB more than the {rest / 2**20:.0f} MB at rest")


def write(file: Path, rows: int) -> None:
    """Write a CSV file with a value for each minute."""
    values = np.random.default_rng(1).uniform(0, 100, rows)
    with file.open("w") as out:
        out.write("time,kW\n")
        for number in range(0, rows, 10_000):
            moments = [START + timedelta(minutes=number + at) for at in range(min(10_000, rows - number))]
            pairs = zip(moments, values[number : number + 10_000], strict=True)
            out.writelines(f"{moment.isoformat()},{value:.4f}\n" for moment, value in pairs)


def main(rows: int) -> None:
    """Upload a file and take it out again."""
    with tempfile.TemporaryDirectory() as folder:
        url, file = f"sqlite:///{folder}/flexscope.db", Path(folder, "large.csv")
        upgrade(url)
        database = Database(url)
        serving.populate(database)
        ids = serving.identifiers(database)
        write(file, rows)
        print(f"{rows} rows, {file.stat().st_size / 2**20:.0f} MB")
        with serving.server(url, Path(folder)) as api:
            new = {"name": "minutes", "unit": "kW", "event_resolution": "PT1M", "generic_asset_id": ids["battery"]}
            key = api.post("/sensors", json=new).json()["id"]
            signed = {"Authorization": api.token("boss")}
            with watched(api, "upload"), file.open("rb") as opened:
                form = _Form(opened)
                address = f"{api.url}/api/v3_0/sensors/{key}/data/upload"
                answer = requests.post(address, data=form, headers=signed | form.headers, timeout=1200)
            print(answer.status_code, answer.text[:200])
            asked = {"sensors": key, "start": START.isoformat(), "duration": "P30Y"}
            for kind in ("csv", "parquet"):
                address = f"{api.url}/api/v3_0/sensors/data/export"
                with watched(api, f"export as {kind}"):
                    answer = requests.get(
                        address, params=asked | {"format": kind}, headers=signed, stream=True, timeout=1200
                    )
                    size = sum(len(piece) for piece in answer.iter_content(2**20))
                print(answer.status_code, f"{size / 2**20:.0f} MB")


class _Form:
    """A form with one file, sent block by block."""

    headers: ClassVar = {"Content-Type": "multipart/form-data; boundary=--a-boundary-of-our-own"}

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        line = b"----a-boundary-of-our-own"
        yield line + b'\r\nContent-Disposition: form-data; name="uploaded-files"; filename="large.csv"\r\n\r\n'
        while block := self._file.read(2**20):
            yield block
        yield b"\r\n" + line + b"--\r\n"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6_000_000)
