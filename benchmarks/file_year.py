"""What a file with a year of 5-minute values takes of a processor: to preview it, and to store it.

Run by hand: ``python -m benchmarks.file_year``. Time of the process that reads sheets is counted as well.
"""

import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl

from app.assemble.files import files
from app.assemble.files.files import FileOptions
from app.jobs.handlers import file_preview, ingest
from db.core.database import Database
from db.migrations import upgrade
from db.sensors import Sensor
from db.sources import Source
from engine.importing.layout import Layout
from tests.http import serving

ROWS = 105_120
START = datetime.fromisoformat("2025-01-01")
NOW = datetime(2027, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)


def write(folder: Path) -> list[Path]:
    """Write the same values as CSV and as Excel."""
    values = np.random.default_rng(1).uniform(0, 100, ROWS).round(3).tolist()
    rows = [(START + STEP * at, value) for at, value in enumerate(values)]
    text = folder / "year.csv"
    text.write_text("\n".join(["time,kW", *(f"{moment.isoformat()},{value}" for moment, value in rows)]))
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("year")
    for row in [("time", "kW"), *rows]:
        sheet.append(row)
    book.save(folder / "year.xlsx")
    return [text, folder / "year.xlsx"]


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Print what something takes of a processor [s]."""

    def spent() -> float:
        usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    before = spent()
    yield
    print(f"{name}: {spent() - before:.2f} s")


def main() -> None:
    """Preview and store each file for a sensor of its own; the first round, which imports libraries, counts as well."""
    with tempfile.TemporaryDirectory() as folder:
        url, options = f"sqlite:///{folder}/flexscope.db", FileOptions(layout=Layout(timezone="UTC"))
        upgrade(url)
        database = Database(url)
        serving.populate(database)
        battery = serving.identifiers(database)["battery"]
        for number, path in enumerate(write(Path(folder)) * 2):
            with database.writing() as session:
                sensor = Sensor(name=f"{number}", unit="kW", resolution=STEP, timezone="UTC", asset_id=battery)
                source = Source(name=f"{number}", type="user")
                session.add_all([sensor, source])
            with path.open("rb") as file, measured(f"{path.suffix} preview"), database.reading() as session:
                file_preview.preview_file(
                    session, session.merge(sensor), session.merge(source), file, options, known_at=NOW
                )
            with path.open("rb") as file, measured(f"{path.suffix} stored"), database.writing() as session:
                own, origin = session.merge(sensor), session.merge(source)
                reading = files.parse_file(file, options, own, now=NOW)
                reading.check()
                ingest.run(session, own, origin, files.posted_values(reading, options, own), known_at=NOW)


if __name__ == "__main__":
    main()
