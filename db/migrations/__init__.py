"""Brings a database to the newest tables, or back, one sentence per step (Alembic); needs no file but this package.

Alembic is imported when a function is called, so that naming this module costs nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # a third of a second that most commands need not spend
    from alembic.config import Config

FOLDER = Path(__file__).parent


class MigrationStep(NamedTuple):
    """One migration."""

    revision: str
    """Its name, such as ``0001``."""
    tells: str
    """What it does, in one sentence."""


def upgrade(url: str, to: str = "head", *, partitions: int = 0) -> None:
    """Bring an empty or older database to a revision, the newest unless told otherwise.

    Args:
        url: SQLAlchemy's form, as for ``Database``.
        to: A revision of ``history``, or ``head``.
        partitions: PostgreSQL only, and only while the tables are created: the number of hash partitions of the
            values (0: one plain table, which serves a thousand million values).
    """
    from alembic import command

    command.upgrade(_config(url, partitions), to)


def downgrade(url: str, to: str) -> None:
    """Take a database back to an older revision, or to ``base``, which has no tables."""
    from alembic import command

    command.downgrade(_config(url), to)


def current(url: str) -> str | None:
    """Return the revision a database is at; None if it has none yet."""
    from alembic.migration import MigrationContext

    from db.core.database import Database

    database = Database(url)
    try:
        with database.reading() as session:
            return MigrationContext.configure(session.connection()).get_current_revision()
    finally:
        database.close()


def history() -> list[MigrationStep]:
    """Return every migration, oldest first."""
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory.from_config(_config("sqlite://")).walk_revisions()
    return [MigrationStep(step.revision, (step.doc or "").splitlines()[0]) for step in steps][::-1]


def head() -> str:
    """Return the newest revision."""
    return history()[-1].revision


def draft(url: str, revision: str, message: str) -> None:
    """Write a new migration file with the differences between the models and an upgraded database.

    For developers; the file is to be read and trimmed before it is committed.
    """
    from alembic import command

    command.revision(_config(url), message, autogenerate=True, rev_id=revision)


def _config(url: str, partitions: int = 0) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"url": url, "partitions": partitions})
    # configparser reads these options, for which a single percent sign begins a reference.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config
