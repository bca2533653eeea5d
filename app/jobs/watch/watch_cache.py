"""What was found in the data of each sensor, so that only those are read again in which something may have changed."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.beliefs.series import Series
from db.jobs.alerts import Finding
from db.sensors import Sensor
from db.sources import Source

AGAIN = timedelta(hours=6)
"""How long what was found counts without new data; by then old events have left the days that are looked at."""

Mark = tuple[tuple[str, int, int], ...]
"""Kind of source, number of its series and of their changes: as long as it is the same, so are the data."""


@dataclass(frozen=True)
class Seen:
    """What was found at a sensor."""

    mark: Mark
    at: datetime
    findings: tuple[Finding, ...]


@dataclass
class Memory:
    """What earlier looks found; a process that begins to look begins with an empty one."""

    seen: dict[tuple[str, int], Seen] = field(default_factory=dict)
    """By question and sensor id."""
    read: int = 0
    """How many times data of a sensor were read."""

    def ask(
        self,
        question: str,
        sensors: Sequence[Sensor],
        marks: Mapping[int, Mark],
        now: datetime,
        look: Callable[[Sequence[Sensor]], Mapping[int, list[Finding]]],
    ) -> list[Finding]:
        """Return what is found at sensors; those with the data of the last look are not read again.

        Args:
            question: What is looked for.
            sensors: Where.
            marks: The state of the data of each sensor; without one it has none.
            now: The moment.
            look: Reads sensors and gives the findings of each, by its id.
        """
        due = [sensor for sensor in sensors if self._is_due(question, sensor.id, marks.get(sensor.id, ()), now)]
        fresh = look(due) if due else {}
        self.read += len(due)
        for sensor in due:
            found = tuple(fresh.get(sensor.id, ()))
            self.seen[question, sensor.id] = Seen(marks.get(sensor.id, ()), now, found)
        return [each for sensor in sensors for each in self.seen[question, sensor.id].findings]

    def _is_due(self, question: str, sensor_id: int, mark: Mark, now: datetime) -> bool:
        before = self.seen.get((question, sensor_id))
        return before is None or before.mark != mark or now - before.at >= AGAIN


def marks(session: Session) -> dict[int, Mark]:
    """Return the state of the data of every sensor that has any, by kind of source."""
    query = select(Series.sensor_id, Source.type, func.count(), func.sum(Series.version))
    query = query.join(Source, Source.id == Series.source_id).group_by(Series.sensor_id, Source.type)
    found: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for sensor_id, kind, count, changes in session.execute(query):
        found[sensor_id].append((kind, int(count), int(changes)))
    return {sensor_id: tuple(sorted(each)) for sensor_id, each in found.items()}


def of_kinds(every: Mapping[int, Mark], without: Sequence[str]) -> dict[int, Mark]:
    """Return the same for data that are of no source of some kinds."""
    return {key: tuple(part for part in mark if part[0] not in without) for key, mark in every.items()}
