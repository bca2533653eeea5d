"""A reference such as "sensor 9" → its row, for the one who asks: the only way from an id that a user wrote to a row.

Everything computed for a user resolves what it reads and writes here, whoever wrote the reference and whenever: in the
request, on an asset, in an attribute of an older release. An id has one spelling in JSON, a whole number.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeGuard

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import Action, NotAllowed
from app.auth.access.identity import SignedIn
from db import sensors
from db.accounts.accounts import Account
from db.assets import Asset
from db.beliefs.series import Series
from db.core.database import Table
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError

Kind: TypeAlias = type[Sensor] | type[Asset] | type[Account]
Asked: TypeAlias = tuple[Kind, int, Action]
# The largest INTEGER: PostgreSQL would refuse a larger id with an error of its own.
MOST_ID = 2**31 - 1
WORDS: dict[type[Table], str] = {Sensor: "sensor", Asset: "asset", Account: "account", Source: "source"}


@dataclass(frozen=True)
class References:
    """Resolves references for one principal in one session."""

    session: Session
    principal: SignedIn | None
    """Who asks; None: the host at a terminal, who may do everything."""
    saves: bool = True
    """Whether results are saved; the sensors that receive them must then be the principal's to add to."""
    granted: dict[Asked, tuple[Any, str]] = field(default_factory=dict, compare=False, repr=False)
    """Rows resolved so far, each with the field that named it."""

    def sensor(self, raw: object, *, field: str) -> Sensor:
        """Return a sensor that the principal may read.

        Args:
            raw: The reference as it was written.
            field: Where it was written, for errors.

        Raises:
            FieldError: It is no whole number, or there is no such sensor.
            NotAllowed: It is of an account whose data the principal may not read.
        """
        sensor: Sensor = self._row(Sensor, raw, field, "read")
        return sensor

    def output(self, raw: object, *, field: str) -> Sensor:
        """Return a sensor that receives results; see ``sensor``. Where nothing is saved, reading it is enough."""
        sensor: Sensor = self._row(Sensor, raw, field, "create-children" if self.saves else "read")
        return sensor

    def asset(self, raw: object, *, field: str, action: Action = "read") -> Asset:
        """Return an asset with which the principal may do something; see ``sensor``."""
        asset: Asset = self._row(Asset, raw, field, action)
        return asset

    def account(self, raw: object, *, field: str, sensor: Sensor) -> int:
        """Return the id of an account whose sources are to be read on a sensor.

        The principal may name the accounts he may read, and those that have recorded on the sensor.
        """
        key = whole(raw, field=field, kind="account")
        if not self._wrote(sensor, Source.account_id == key):
            self._row(Account, key, field, "read")
        return key

    def annotated(self, kind: str, raw: object, *, field: str) -> int:
        """Return the id of a sensor, asset or account whose annotations are to be read."""
        kinds: dict[str, Kind] = {"sensor": Sensor, "asset": Asset, "account": Account}
        return int(self._row(kinds[kind], raw, field, "read").id)

    def sources(self, raw: object, *, field: str, sensor: Sensor) -> tuple[int, ...]:
        """Return ids of sources to be read on a sensor, written as one id or a list.

        The principal may name the sources of accounts he may read, those of no account, and those that have recorded
        on the sensor.
        """
        accounts = None if self.principal is None else access.readable_accounts(self.principal)
        keys = []
        for part in raw if isinstance(raw, list | tuple) else [raw]:
            key = whole(part, field=field, kind="source")
            source = self.session.get(Source, key)
            if source is None:
                raise FieldError(
                    field, f"there is no source {key}; GET /api/v3_0/sources lists those that you may name."
                )
            is_readable = accounts is None or source.account_id is None or source.account_id in accounts
            if not is_readable and not self._wrote(sensor, Source.id == key):
                raise NotAllowed("read", f"source {key}", who="users and consultants of its account", field=field)
            keys.append(key)
        return tuple(keys)

    def readable(self, raws: Iterable[object]) -> dict[int, Sensor]:
        """Return those of some sensors that the principal may read, by id and in the order given; others are left out.

        For cards and lists that say nothing of what they cannot show.
        """
        ids = list(dict.fromkeys(raw for raw in raws if is_id(raw)))
        rows = {row.id: row for row in self.session.scalars(select(Sensor).where(Sensor.id.in_(ids)))} if ids else {}
        found = [rows[key] for key in ids if key in rows]
        return {row.id: row for row in found if self.principal is None or access.may(self.principal, "read", row)}

    def reads_all(self, ids: Collection[int]) -> bool:
        """Return whether the principal may read every one of some sensors; one that was deleted nobody may."""
        return set(self.readable(ids)) == set(ids)

    def sensors_named(self) -> tuple[int, ...]:
        """Return the ids of the sensors that were resolved so far, to be read or to receive results."""
        return tuple(sorted({key for kind, key, _ in self.granted if kind is Sensor}))

    def foreign_to(self, account_id: int | None) -> tuple[str, ...]:
        """Return the sensors and assets resolved so far that users of an account may not read, such as "sensor 9"."""
        rows = {(WORDS[kind], key): row for (kind, key, _), (row, _) in self.granted.items() if kind is not Account}
        owners = {
            place: row.asset.account_id if isinstance(row, Sensor) else row.account_id for place, row in rows.items()
        }
        return tuple(
            f"{word} {key}" for (word, key), owner in sorted(owners.items()) if owner not in (account_id, None)
        )

    def renewed(self, session: Session, principal: SignedIn | None) -> "References":
        """References of a later session, in which everything granted so far was asked for again."""
        again = References(session, principal, self.saves)
        # In one statement; the loop below then finds them in the session.
        sensors.bring(session, {key for kind, key, _ in self.granted if kind is Sensor})
        for (kind, key, action), (_, written) in self.granted.items():
            again._row(kind, key, written, action)
        return again

    def _row(self, kind: Kind, raw: object, field: str, action: Action) -> Any:
        """Row of an id, if there is one and the principal may do something with it; asked for once per reference."""
        key = whole(raw, field=field, kind=WORDS[kind])
        if (known := self.granted.get((kind, key, action))) is not None:
            return known[0]
        found: Any = self.session.get(kind, key)
        if found is None:
            raise FieldError(field, f"there is no {WORDS[kind]} {key}; add it first, or name another one.")
        if self.principal is not None and not access.may(self.principal, action, found):
            raise access.refusal(self.principal, action, found, field=field)
        self.granted[kind, key, action] = (found, field)
        return found

    def _wrote(self, sensor: Sensor, which: Any) -> bool:
        """Return whether some source has recorded values of a sensor, so that its readers know it anyway."""
        wrote = select(Series.id).join(Source, Source.id == Series.source_id)
        return self.session.scalar(wrote.where(Series.sensor_id == sensor.id, which).limit(1)) is not None


def is_id(raw: object) -> TypeGuard[int]:
    """Return whether something is written as an id is in JSON."""
    return type(raw) is int and 0 < raw <= MOST_ID


def whole(raw: object, *, field: str, kind: str) -> int:
    """Return an id as it is written in JSON: a whole number, no text, no fraction, not true.

    Raises:
        FieldError: It is written otherwise.
    """
    if not is_id(raw):
        shown = repr(raw) if isinstance(raw, str | int | float) and len(repr(raw)) <= 40 else "this"
        article = "an" if kind[0] in "aeiou" else "a"
        raise FieldError(field, f"{shown} is no id of {article} {kind}; write a whole number, such as 5.")
    return raw
