"""How many beliefs one read or write may take, known to the session; looked at before any is decoded or stored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.errors import FieldError

if TYPE_CHECKING:  # the settings read this module, and --help must not wait for SQLAlchemy
    from sqlalchemy.orm import Session

    from db.core.driver import Driver

KEY: Final = "store-bounds"
BATCH = 1000
"""Lines of chunks that are counted at a time, so that counting ends soon after the bound is passed."""


class Most(NamedTuple):
    """The most of something, and the setting that says so."""

    number: int
    setting: str


@dataclass(frozen=True)
class StoreBounds:
    """What one read or one write of a session may take; None: whatever there is, for an operator's own commands."""

    read: Most | None = None
    """Beliefs that one read opens."""
    written: Most | None = None
    """Beliefs that one write stores."""


def of(session: "Session") -> StoreBounds:
    """Return the bounds of a session."""
    found: StoreBounds = session.info.get(KEY, StoreBounds())
    return found


def lift(session: "Session") -> None:
    """Take the bounds off a session: what the server does by itself over all sensors is nobody's request."""
    session.info.pop(KEY, None)


def check_written(most: Most | None, count: int) -> None:
    """Refuse to make or store more beliefs at once than allowed; None: any number.

    Raises:
        FieldError: There are more.
    """
    if most is not None and count > most.number:
        raise FieldError(
            "duration",
            f"this makes {count} values of the sensor, more than the {most.number} of one request ({most.setting}); "
            "send them in parts.",
        )


def check_read(driver: "Driver", most: Most | None, held: int, query: Callable[[str], str]) -> None:
    """Refuse a read of more stored beliefs than allowed; their number is known without opening any.

    Args:
        driver: To count with.
        most: How many may be read; None: any number.
        held: How many the series ever held; where these are few enough, nothing is counted.
        query: Returns the query for some columns of the chunks ``c`` that would be opened.

    Raises:
        FieldError: There are more.
    """
    if most is None or held <= most.number:
        return
    # Counted in parts: it ends as soon as there are too many, however large the rest is.
    driver.run(query("c.n"))
    count = 0
    while batch := driver.cursor.fetchmany(BATCH):
        count += sum(n for (n,) in batch)
        if count > most.number:
            raise FieldError(
                "duration",
                f"more than {most.number} stored values lie in this time, the most of one request ({most.setting}); "
                "ask for a shorter time, or for a file by /sensors/data/export.",
            )
