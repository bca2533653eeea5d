"""The configured database, ready to work on."""

from app import settings as app_settings
from app.settings import Settings
from db import migrations
from db.base import Database
from engine.errors import InputError


def opened(settings: Settings) -> Database:
    """Return the configured database with all tables; an empty one gets them now.

    Raises:
        InputError: The tables are of another version than this program.
    """
    database = app_settings.database(settings)
    at, newest = migrations.current(settings.SQLALCHEMY_DATABASE_URI), migrations.head()
    if at is None:
        migrations.upgrade(settings.SQLALCHEMY_DATABASE_URI)
    elif at != newest:
        database.close()
        raise InputError(f"The database is at revision {at}, this program needs {newest}; run 'flexscope db upgrade'.")
    return database
