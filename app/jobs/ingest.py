"""Take in data: values of a message or a file, all or nothing."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.assemble import files
from app.assemble.files import Layout
from app.assemble.posted import Posted, beliefs
from db import beliefs as store
from db import sources, users
from db.base import get
from db.beliefs import Written
from db.sensors import Sensor
from db.sources import Source
from db.users import User


def run(
    work: Session, sensor: Sensor, source: Source, posted: Posted, *, known_at: datetime, overwrite: bool = False
) -> Written:
    """Save what is posted, in the unit and at the resolution of the sensor; see ``posted.beliefs``.

    Args:
        work: A writing session.
        sensor: What the values are of.
        source: Where they come from.
        posted: The values.
        known_at: The moment of arrival, where what is posted says no other.
        overwrite: Whether another value of the same moment of knowledge is replaced; else it is a conflict.

    Raises:
        Conflict: Another value is stored for an event and moment of knowledge.
        InputError: The values do not fit the sensor.
    """
    return store.save(work, sensor, source, beliefs(posted, sensor, known_at=known_at), overwrite=overwrite)


class Taken(NamedTuple):
    """What became of a file."""

    written: Written
    source: Source


def run_file(
    work: Session, sensor_id: int, source: str, content: bytes, layout: Layout, *, known_at: datetime
) -> Taken:
    """Save the values of a CSV or Excel file, all or nothing.

    Args:
        work: A writing session.
        sensor_id: What the values are of.
        source: User name, id of a source, or the name of a source, made if it is new.
        content: The bytes of the file.
        layout: How to read it.
        known_at: The moment the values were known, where the file does not say it.

    Raises:
        NotFound: There is no such sensor.
        FileError: A row cannot be read; the rows are told.
        InputError: The values do not fit the sensor.
    """
    sensor = get(work, Sensor, sensor_id)
    posted = files.read(content, layout, default_unit=sensor.unit)
    origin = find_source(work, source)
    return Taken(run(work, sensor, origin, posted, known_at=known_at), origin)


def find_source(work: Session, text: str) -> Source:
    """Return the source that a user name, an id of a source (else of a user) or a name stands for.

    Raises:
        NotFound: The text is a number that is no id.
    """
    if text.isdigit():
        user_or_source = work.get(Source, int(text)) or work.get(User, int(text)) or get(work, Source, int(text))
    else:
        user_or_source = users.by_name(work, text) or sources.named(work, text)
    if isinstance(user_or_source, User):
        user = user_or_source
        return sources.of_user(work, user.id, name=user.username, account_id=user.account_id)
    return user_or_source
