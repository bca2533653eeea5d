"""What a measurement of the store needs: fresh databases of both kinds, CPU time of this process and its backend."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from db import migrations
from db.core.database import Database
from tests import postgres


@dataclass
class Bench:
    """One database under measurement."""

    name: str
    database: Database
    raw: Any
    """A connection of the driver itself, for raw SQL."""
    folder: Path
    backends: list[int] = field(default_factory=list)
    """Processes that work for us in PostgreSQL."""

    @property
    def is_sqlite(self) -> bool:
        return self.database.is_sqlite

    def cpu_ms(self) -> float:
        """CPU time of this process and of its backends so far [ms]."""
        ours = time.process_time_ns()
        theirs = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self.backends)
        return (ours + theirs) / 1e6

    def measure(self, work: Callable[[int], Any], *, times: int, first: int = 0) -> float:
        """Return the median over five rounds of the CPU time of one call [ms]."""
        work(first)
        rounds, at = [], first + 1
        for _ in range(5):
            before = self.cpu_ms()
            for i in range(at, at + times):
                work(i)
            rounds.append((self.cpu_ms() - before) / times)
            at += times
        return sorted(rounds)[2]


@contextmanager
def sqlite() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="flexscope-bench-"))
    url = f"sqlite:///{folder / 'bench.db'}"
    migrations.upgrade(url)
    database = Database(url)
    import sqlite3

    raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
    raw.execute("pragma journal_mode=wal")
    raw.execute("pragma synchronous=normal")
    raw.execute("pragma mmap_size=1073741824")
    try:
        yield Bench("SQLite", database, raw, folder)
    finally:
        raw.close()
        database.close()
        shutil.rmtree(folder)


@contextmanager
def postgresql(partitions: int = 0) -> Iterator[Bench]:
    import psycopg2

    binaries = postgres.binaries()
    if binaries is None:
        raise SystemExit("No PostgreSQL server binaries are installed.")
    with postgres.server(binaries) as url:
        migrations.upgrade(url, partitions=partitions)
        database = Database(url)
        raw = psycopg2.connect(url.replace("+psycopg2", ""))
        bench = Bench("PostgreSQL", database, raw, Path())
        with database.writing() as session:
            bench.backends.append(int(session.execute(text("select pg_backend_pid()")).scalar_one()))
        bench.backends.append(raw.info.backend_pid)
        yield bench
        raw.close()
        database.close()
