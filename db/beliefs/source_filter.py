"""Which sources count, and the series of sensors that come from them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from db.core.driver import Driver


class Origin(NamedTuple):
    """One series and the source it comes from."""

    series_id: int
    sensor_id: int
    source_id: int
    step_us: int
    span_us: int
    name: str
    type: str
    model: str
    version: str
    user_id: int | None
    account_id: int | None
    n_beliefs: int

    @property
    def family(self) -> tuple[object, ...]:
        """What the versions of one source have in common."""
        return self.name, self.type, self.model, self.user_id, self.account_id

    @property
    def version_order(self) -> list[tuple[int, str]]:
        """A key under which 1.10 follows 1.9."""
        # Words sort below numbers, so that 1.0rc1 comes before 1.0.1.
        return [
            (int(part), "") if part.isdecimal() else (-1, part) for part in re.findall(r"\d+|[^\d.]+", self.version)
        ]


@dataclass(frozen=True, kw_only=True)
class SourceFilter:
    """Sources that count; None leaves a question open, so that the empty filter lets all pass."""

    ids: Collection[int] | None = None
    """Identifiers of sources."""
    types: Collection[str] | None = None
    """Such as ``user``, ``scheduler``, ``forecaster``."""
    not_types: Collection[str] = ()
    """Types that do not count."""
    names: Collection[str] | None = None
    """Names of sources."""
    user_ids: Collection[int] | None = None
    """Of sources that stand for a user, only these; other sources are not concerned."""
    account_ids: Collection[int] | None = None
    """Accounts the sources belong to."""

    def passes(self, origin: Origin) -> bool:
        """Return whether a source counts."""
        return (
            (self.ids is None or origin.source_id in self.ids)
            and (self.types is None or origin.type in self.types)
            and origin.type not in self.not_types
            and (self.names is None or origin.name in self.names)
            and (self.user_ids is None or origin.user_id is None or origin.user_id in self.user_ids)
            and (self.account_ids is None or origin.account_id in self.account_ids)
        )


def origins(driver: Driver, sensor_ids: Sequence[int], sources: SourceFilter | None) -> list[Origin]:
    """Return the series of some sensors whose source counts, in order of sensor and source."""
    if not sensor_ids:
        return []
    # As text, because the two drivers write lists of parameters differently; they are numbers of our own.
    marks = ", ".join(str(int(key)) for key in sensor_ids)
    found = driver.rows(
        "SELECT s.id, s.sensor_id, s.source_id, s.step_us, s.span_us, d.name, d.type, d.model, d.version, d.user_id, "
        "d.account_id, s.n_beliefs FROM belief_series s JOIN data_source d ON d.id = s.source_id "
        f"WHERE s.sensor_id IN ({marks}) ORDER BY s.sensor_id, s.source_id"
    )
    every = [Origin._make(row) for row in found]
    return every if sources is None else [origin for origin in every if sources.passes(origin)]


def beliefs_of(series: Sequence[Origin]) -> int:
    """Number of beliefs that some series ever held."""
    return sum(origin.n_beliefs for origin in series)
