"""Files of portals and devices with numbers of our own, and sensors they are read for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.importing.layout import FileReading, Layout, Target
from engine.importing.reading import read_file
from engine.series.iso_time import from_us

FOLDER = Path(__file__).with_name("files")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def target(unit: str = "kW", timezone: str = "Europe/Amsterdam", minutes: int = 60) -> Target:
    """A sensor in a unit."""
    return Target(unit=unit, timezone=timezone, resolution=timedelta(minutes=minutes), now=NOW)


def read(
    content: str | bytes, unit: str = "kW", *, minutes: int = 60, options: Mapping[str, Any] | None = None
) -> FileReading:
    """Read a text for a sensor in a unit, with some options of the layout."""
    file = content.encode() if isinstance(content, str) else content
    return read_file(file, Layout(**(options or {})), target(unit, minutes=minutes))


def read_sample(name: str, unit: str = "kW", options: Mapping[str, Any] | None = None) -> FileReading:
    """Read one of the sample files."""
    return read((FOLDER / name).read_bytes(), unit, options=options)


def starts(reading: FileReading) -> list[str]:
    """When the values begin, in UTC, without seconds."""
    return [f"{from_us(start):%Y-%m-%dT%H:%M}" for start in reading.readings.starts.tolist()]


def ends(reading: FileReading) -> list[str]:
    """When the values end, in UTC, without seconds; none where all are of one step."""
    moments = reading.readings.ends
    return [] if moments is None else [f"{from_us(end):%Y-%m-%dT%H:%M}" for end in moments.tolist()]


def asked(reading: FileReading) -> dict[str, list[str]]:
    """What is to be decided, and the choices."""
    return {question.field: [choice.value for choice in question.choices] for question in reading.questions}


def said(reading: FileReading) -> dict[str, str]:
    """What was decided."""
    return {entry.field: entry.value for entry in reading.evidence}
