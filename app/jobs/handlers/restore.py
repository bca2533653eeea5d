"""Put a simulation back to where it began: the whole database gives way to a backup."""

from pathlib import Path

from app.settings.settings import Settings
from db.exchange import dump


def backup(settings: Settings, name: str) -> Path:
    """Return the file that ``flexscope db-ops dump`` wrote as a backup with this name; it need not be there."""
    return settings.FLEXSCOPE_INSTANCE_PATH / settings.FLEXMEASURES_DB_BACKUP_PATH / f"{name}.dump"


def run(settings: Settings, file: Path) -> None:
    """Fill the database with what a backup holds; see ``dump.restore``. Who plays goes on with the same token."""
    dump.restore(settings.SQLALCHEMY_DATABASE_URI, file, replace=True, keep_logins=True)
