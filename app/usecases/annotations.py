"""Annotations of accounts, assets and sensors: add, change, delete; and public holidays as annotations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.usecases.actor import Actor
from db import sources
from db.accounts.accounts import Account
from db.annotations import LONGEST, TYPES, Annotation
from db.assets import Asset
from db.core import database
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError, UnknownName

Place: TypeAlias = Account | Asset | Sensor
FIRST_YEAR, LAST_YEAR = 1970, 2100


@dataclass(frozen=True, kw_only=True)
class NewAnnotation:
    """A text about a stretch of time."""

    content: str
    start: datetime
    end: datetime
    """Excluded."""
    type: str = "label"
    """One of db.annotations.TYPES."""
    belief_time: datetime | None
    """When it was made; None: it was always known."""


def create_annotation(
    session: Session, actor: Actor, kind: type[Place], key: int, new: NewAnnotation, *, source: Source | None = None
) -> tuple[Annotation, bool]:
    """Annotate the row of a kind with an id; return the annotation, and whether it is new.

    Args:
        session: A writing session.
        actor: Who may add to the row.
        kind: Table of the row.
        key: Its id.
        new: The annotation.
        source: Who or what tells it; None: the actor.

    Raises:
        NotFound: There is no such row.
        NotAllowed: The actor may not add anything to the row.
        FieldError: The text is empty or too long, the type unknown, or the end not after the start.
    """
    place: Place = database.get(session, kind, key)
    actor.check("create-children", place)
    own = {"content": new.content, "start": new.start, "end": new.end, "type": new.type}
    _check(own)
    own[f"{place.__tablename__}_id"] = place.id
    source = source or actor.source(session)
    # A source that is new needs its id for the comparison.
    session.flush()
    # A client that repeats its request after a lost answer gets the annotation that it has added already.
    same = session.scalar(select(Annotation).filter_by(**own, source_id=source.id).limit(1))
    if same is not None:
        return same, False
    annotation = Annotation(**own, source_id=source.id, source=source, belief_time=new.belief_time)
    session.add(annotation)
    session.flush()
    return annotation, True


@dataclass(frozen=True, kw_only=True)
class HolidayCalendar:
    """The public holidays of a country in some years."""

    country: str
    """ISO 3166-1 code of two letters, such as NL."""
    years: Sequence[int]
    subdivision: str | None = None
    """A part of the country with holidays of its own, such as BY."""
    categories: Sequence[str] = ()
    """Such as ``bank`` or ``school``; without any, the public ones."""
    language: str | None = None
    """Of the names, such as ``nl``; None: English, where the calendar has it."""
    zone: str
    """Where days begin and end."""

    def days(self) -> list[tuple[date, str]]:
        """Holidays by day, with their names.

        Raises:
            FieldError: There is no such country, subdivision, category, language or year.
        """
        import holidays

        known = holidays.list_supported_countries()
        country = self.country.strip().upper()
        if country not in known:
            raise UnknownName("country", self.country, sorted(known))
        parts = known[country]
        if self.subdivision is not None and self.subdivision not in parts:
            raise UnknownName("subdivision", self.subdivision, parts)
        for year in self.years:
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise FieldError("year", f"{year} is not between {FIRST_YEAR} and {LAST_YEAR}.")
        calendar = holidays.country_holidays(country)
        for category in self.categories:
            if category not in calendar.supported_categories:
                raise UnknownName("category", category, sorted(calendar.supported_categories))
        languages = calendar.supported_languages
        if self.language is not None and self.language not in languages:
            raise UnknownName("language", self.language, sorted(languages))
        # Else the library takes that of the environment, and a second run under another one adds all once more.
        usual = "en_US" if "en_US" in languages else calendar.default_language
        found = holidays.country_holidays(
            country, subdiv=self.subdivision, years=self.years, categories=tuple(self.categories) or None,
            language=self.language or usual,
        )  # fmt: skip
        return sorted(found.items())


def create_holidays(
    session: Session, actor: Actor, on: Sequence[tuple[type[Place], int]], calendar: HolidayCalendar
) -> int:
    """Annotate rows with public holidays, from midnight to midnight; return how many annotations are new.

    Calendars are known years ahead: forecasts made as of any moment may use them.

    Raises:
        NotFound, NotAllowed: As ``create_annotation`` does.
        FieldError: The calendar is not known.
    """
    place = ZoneInfo(calendar.zone)
    source = sources.named(session, "holidays", type="script", model=calendar.country.strip().upper())
    added = 0
    for day, name in calendar.days():
        start, end = (datetime.combine(each, time.min, place) for each in (day, day + timedelta(days=1)))
        new = NewAnnotation(content=name, start=start, end=end, type="holiday", belief_time=None)
        for kind, key in on:
            added += create_annotation(session, actor, kind, key, new, source=source)[1]
    return added


def update_annotation(session: Session, actor: Actor, annotation_id: int, fields: Mapping[str, Any]) -> Annotation:
    """Change content, start, end or type of an annotation; raises as ``create_annotation`` does, and NotFound."""
    row = _changeable(session, actor, annotation_id)
    for name, value in fields.items():
        if value is None:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
        setattr(row, name, value)
    _check({name: getattr(row, name) for name in ("content", "start", "end", "type")})
    return row


def delete_annotation(session: Session, actor: Actor, annotation_id: int) -> None:
    """Delete an annotation; raises NotAllowed and NotFound."""
    session.delete(_changeable(session, actor, annotation_id))


def places(session: Session, row: Annotation) -> list[Place]:
    """Return the rows that an annotation is on; whoever may add to each of them may change it."""
    on: list[tuple[type[Any], int | None]]
    on = [(Account, row.account_id), (Asset, row.asset_id), (Sensor, row.sensor_id)]
    return [database.get(session, kind, key) for kind, key in on if key is not None]


def _changeable(session: Session, actor: Actor, annotation_id: int) -> Annotation:
    row = database.get(session, Annotation, annotation_id)
    for place in places(session, row):
        actor.check("create-children", place)
    return row


def _check(own: Mapping[str, Any]) -> None:
    if not 0 < len(own["content"].strip()) <= LONGEST:
        raise FieldError("content", f"must have 1 to {LONGEST} characters.")
    if own["type"] not in TYPES:
        raise FieldError("type", f"must be one of {', '.join(TYPES)}.")
    if own["end"] <= own["start"]:
        raise FieldError("end", "must be after start.")
